import type { Clock } from './clock.ts';
import { type Credentials, type Problem, upstreamTargetOf } from './credentials.ts';
import type { AuthTest } from './quotaEngine.ts';

/** How long a failed test is believed before the next session tests again, in milliseconds. */
const believedMs = 10_000;
/** The longest that opening a session waits for a test, in milliseconds. */
const patienceMs = 3000;
/** Failures that say that the credentials themselves are no good, so that a routed agent could never work. */
const hopeless: ReadonlySet<string> = new Set(['key-rejected', 'key-malformed']);

const noAnswerYet: Problem = {
  code: 'test-under-way',
  severity: 'warning',
  message: 'The endpoint has not answered yet, so it is not known whether the credentials work.',
  nextStep: 'The agent starts all the same; Test Authentication says more.',
};

/** What is known of the credentials. */
export type CredentialState =
  | { readonly kind: 'usable' }
  /** They may work later: the endpoint does not answer now. */
  | { readonly kind: 'doubtful'; readonly problem: Problem }
  | { readonly kind: 'unusable'; readonly problem: Problem };

/**
 * Knows whether the credentials work: from one test when the first session needs them, from later tests after a
 * failure, and from what agents' own requests are answered.
 */
export class CredentialCheck {
  readonly #clock: Clock;
  readonly #test: (credentials: Credentials) => Promise<AuthTest>;
  readonly #found: (test: AuthTest) => void;
  #credentials: Credentials = { kind: 'none' };
  #known: { readonly state: CredentialState; readonly at: number } | undefined;
  #running: Promise<AuthTest> | undefined;

  /** @param found is told of each test of the credentials that hold. */
  constructor(clock: Clock, test: (credentials: Credentials) => Promise<AuthTest>, found: (test: AuthTest) => void) {
    this.#clock = clock;
    this.#test = test;
    this.#found = found;
  }

  /** Forgets what was known when the credentials are others. @returns whether they are. */
  configure(credentials: Credentials): boolean {
    if (JSON.stringify(credentials) === JSON.stringify(this.#credentials)) return false;
    this.#credentials = credentials;
    this.#known = undefined;
    this.#running = undefined;
    return true;
  }

  /** The failure that was seen last and not refuted since. */
  get problem(): Problem | undefined {
    const state = this.#known?.state;
    return state === undefined || state.kind === 'usable' ? undefined : state.problem;
  }

  /** An agent's request was answered well. */
  confirmed(): void {
    this.#learn({ kind: 'usable' });
  }

  /** The upstream answers again: that it did not is no longer known. */
  reachable(): void {
    if (this.problem?.transient !== undefined) this.#known = undefined;
  }

  /** An agent's request was answered with 401: what was known is in doubt, and the next session tests again. */
  doubted(): void {
    if (this.#known?.state.kind === 'usable') this.#known = undefined;
  }

  /** Makes the call now, whatever is known. */
  async testNow(): Promise<AuthTest> {
    const credentials = this.#credentials;
    this.#running ??= this.#test(credentials);
    const running = this.#running;
    try {
      const test = await running;
      if (this.#credentials === credentials) {
        this.#found(test);
        this.#learn(this.#stateAfter(test));
      }
      return test;
    } finally {
      if (this.#running === running) this.#running = undefined;
    }
  }

  /** What is known, after a test of a few seconds at most where nothing is. */
  async state(): Promise<CredentialState> {
    const known = this.#known;
    if (known?.state.kind === 'usable') return known.state;
    // However the clock was set meanwhile, a failure is not believed for longer.
    if (known !== undefined && Math.abs(this.#clock.now() - known.at) < believedMs) return known.state;
    const tested = this.testNow().then((test) => this.#stateAfter(test));
    if (known?.state.kind === 'doubtful') {
      // The endpoint was not there before: who wants a session does not wait for it again.
      tested.catch(() => undefined);
      return known.state;
    }
    return this.#soon(tested);
  }

  async #soon(tested: Promise<CredentialState>): Promise<CredentialState> {
    const { promise: late, resolve } = Promise.withResolvers<CredentialState>();
    const cancel = this.#clock.after(patienceMs, () => {
      resolve({ kind: 'doubtful', problem: noAnswerYet });
    });
    try {
      return await Promise.race([tested, late]);
    } finally {
      cancel();
    }
  }

  #stateAfter(test: AuthTest): CredentialState {
    if (test.kind !== 'fails') return { kind: 'usable' };
    const { problem } = test;
    const isHopeless = hopeless.has(problem.code) && !(problem.code === 'key-rejected' && renews(this.#credentials));
    return { kind: isHopeless ? 'unusable' : 'doubtful', problem };
  }

  #learn(state: CredentialState): void {
    this.#known = { state, at: this.#clock.now() };
  }
}

/** A command prints another key soon. */
function renews(credentials: Credentials): boolean {
  return upstreamTargetOf(credentials)?.renews === true;
}
