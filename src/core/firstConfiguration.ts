import type { Clock } from './clock.ts';
import { withinTime } from './withinTime.ts';

/** The longest that anybody waits for it, in milliseconds. */
const patienceMs = 10_000;

/**
 * Whether the window has told its engine the user's settings and credentials. After a reload agents that still run,
 * and launchers, find the engine before it knows them, and wait for that: until then it would answer them wrongly.
 */
export class FirstConfiguration {
  readonly #clock: Clock;
  readonly #told = Promise.withResolvers<undefined>();
  #hasCome = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when it has come. */
  get told(): Promise<unknown> {
    return this.#told.promise;
  }

  come(): void {
    this.#hasCome = true;
    this.#told.resolve(undefined);
  }

  /**
   * Resolves when it has come, after ten seconds at the latest.
   * @param signal ends the wait.
   * @returns whether it has come.
   */
  async soon(signal?: AbortSignal): Promise<boolean> {
    if (this.#hasCome || signal?.aborted === true) return this.#hasCome;
    const { promise: given, resolve: giveUp } = Promise.withResolvers<undefined>();
    const leave = (): void => {
      giveUp(undefined);
    };
    signal?.addEventListener('abort', leave, { once: true });
    await withinTime(this.#clock, patienceMs, Promise.race([this.#told.promise, given]));
    signal?.removeEventListener('abort', leave);
    return this.#hasCome;
  }
}
