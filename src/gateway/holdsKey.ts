/** Whether a text holds the real key. A short key (of a gateway on this machine, say) could be a part of anything. */
export function holdsKey(text: string, key: string): boolean {
  return text === key || (key.length >= 16 && text.includes(key));
}
