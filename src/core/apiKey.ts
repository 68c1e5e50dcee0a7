import { isSessionToken } from '../shared/sessionToken.ts';

/** Whether a key can stand in a header as it is: visible ASCII (RFC 9110 §5.5), no line break or space. */
export function isSendableKey(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}

/**
 * Why a text cannot be the user's own API key, for people, without the text.
 * @returns undefined when it can.
 */
export function whyNoApiKey(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (!isSendableKey(text)) return 'has a space, a line break or another character that no key has';
  return isSessionToken(text) ? 'is the key of an agent’s session, not your own' : undefined;
}

/** Whether a key is of the form that Anthropic gives its own; other endpoints' have other forms. */
export function looksLikeAnthropicKey(key: string): boolean {
  return /^sk-ant-[\w-]{16,}$/.test(key);
}
