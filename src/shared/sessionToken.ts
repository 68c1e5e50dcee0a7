/**
 * The end of every session token. Claude Code asks once for each API key whose last 20 characters it has not seen, so
 * tokens that share them are asked about once at most. Source: Claude Code's `customApiKeyResponses`.
 */
export const tokenEnding = '-agent-quota-session';

/** Whether a key is a session's and not the user's own. */
export function isSessionToken(key: string): boolean {
  return key.endsWith(tokenEnding);
}
