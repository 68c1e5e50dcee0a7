import { createHash } from 'node:crypto';
import type { SecretSource } from '../../src/core/secretSource.ts';
import { tokenEnding } from '../../src/shared/sessionToken.ts';

/** Ids and tokens in the order in which they are asked for: `<name>-id-1`, `<name>-token-1…`. */
export class FakeSecrets implements SecretSource {
  /** Every token that was given out. */
  readonly tokens: string[] = [];
  readonly #name: string;
  #ids = 0;

  /** @param name tells apart those of several engines on one ledger. */
  constructor(name = 'fake') {
    this.#name = name;
  }

  token(): string {
    const token = `${this.#name}-token-${this.tokens.length + 1}${tokenEnding}`;
    this.tokens.push(token);
    return token;
  }

  id(): string {
    this.#ids += 1;
    // Padded, so that ids sort in the order in which they were given out.
    return `${this.#name}-id-${String(this.#ids).padStart(5, '0')}`;
  }

  hash(token: string): string {
    return createHash('sha256').update(token).digest('base64url');
  }
}
