/**
 * Whether a text holds the real key. A short key (of a gateway on this machine, say) could be a part of anything.
 * @param key undefined where there is none: a login is its agent's own.
 */
export function holdsKey(text: string, key: string | undefined): boolean {
  if (key === undefined) return false;
  return text === key || (key.length >= 16 && text.includes(key));
}
