/** Where ids and secrets come from: random in the engine, predictable in tests. */
export interface SecretSource {
  /** A new unguessable session token (≥ 128 random bits). */
  token(): string;
  /** A new id, unique on this machine; not secret. */
  id(): string;
  /** One-way digest of a token, as the ledger stores it. */
  hash(token: string): string;
}
