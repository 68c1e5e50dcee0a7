import { type Clock } from './clock.ts';
import { type Credentials, type Problem } from './credentials.ts';
import { type AuthTest } from './quotaEngine.ts';

/** How long a failed test is believed before the next session tests again, in milliseconds. */
const believedMs = 10_000;
/** Failures that say that the credentials themselves are no good, so that a routed agent could never work. */
const hopeless: ReadonlySet<string> = new Set(['key-rejected', 'key-malformed', 'key-forbidden']);

/** What is known of the credentials. */
export type CredentialState =
  | { readonly kind: 'usable' }
  /** They may work later: the endpoint does not answer now. */
  | { readonly kind: 'doubtful'; readonly problem: Problem }
  | { readonly kind: 'unusable'; readonly problem: Problem };

/** Tests the credentials once, when the first session needs them, and again only after a failure. */
export class CredentialCheck {
  readonly #clock: Clock;
  readonly #test: (credentials: Credentials) => Promise<AuthTest>;
  #credentials: Credentials | undefined;
  #last: { readonly test: AuthTest; readonly at: number } | undefined;
  #running: Promise<AuthTest> | undefined;

  constructor(clock: Clock, test: (credentials: Credentials) => Promise<AuthTest>) {
    this.#clock = clock;
    this.#test = test;
  }

  /** Forgets what was known when the credentials are others. */
  configure(credentials: Credentials): void {
    if (JSON.stringify(credentials) !== JSON.stringify(this.#credentials)) {
      this.#last = undefined;
      this.#running = undefined;
    }
    this.#credentials = credentials;
  }

  /** The failure that was seen last and not refuted since. */
  get problem(): Problem | undefined {
    return this.#last?.test.kind === 'fails' ? this.#last.test.problem : undefined;
  }

  /** Makes the call now, whatever is known. */
  async testNow(): Promise<AuthTest> {
    const credentials = this.#credentials ?? { kind: 'none' };
    this.#running ??= this.#test(credentials);
    const running = this.#running;
    try {
      const test = await running;
      if (this.#credentials === credentials) this.#last = { test, at: this.#clock.now() };
      return test;
    } finally {
      if (this.#running === running) this.#running = undefined;
    }
  }

  async state(): Promise<CredentialState> {
    const known = this.#last;
    const believed =
      known !== undefined && (known.test.kind !== 'fails' || Math.abs(this.#clock.now() - known.at) < believedMs);
    const test = believed ? known.test : await this.testNow();
    if (test.kind !== 'fails') return { kind: 'usable' };
    return { kind: hopeless.has(test.problem.code) ? 'unusable' : 'doubtful', problem: test.problem };
  }
}
