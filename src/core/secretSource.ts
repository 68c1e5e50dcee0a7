/** Where ids and secrets come from: random in the engine, predictable in tests. */
export interface SecretSource {
  /** A new unguessable session token (≥ 128 random bits). */
  token(): string;
  /** A new id, unique on this machine; not secret. */
  id(): string;
  /** One-way digest of a token, as the ledger stores it. */
  hash(token: string): string;
}

/**
 * The end of every session token. Claude Code asks once for each API key whose last 20 characters it has not seen, so
 * tokens that share them are asked about once at most. Source: Claude Code's `customApiKeyResponses`.
 */
export const tokenEnding = '-agent-quota-session';
