import type { Clock } from '../core/clock.ts';

/** Runs something at most once an interval: at once after a pause, and once more at the end of the interval. */
export class Throttle {
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #run: () => void;
  #lastRun = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(intervalMs: number, clock: Clock, run: () => void) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#run = run;
  }

  request(): void {
    if (this.#cancel !== undefined) return;
    const since = this.#clock.now() - this.#lastRun;
    // A clock that was set back must not silence the screen.
    if (since < 0 || since >= this.#intervalMs) {
      this.#runNow();
      return;
    }
    this.#cancel = this.#clock.after(this.#intervalMs - since, () => {
      this.#cancel = undefined;
      this.#runNow();
    });
  }

  dispose(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #runNow(): void {
    this.#lastRun = this.#clock.now();
    this.#run();
  }
}
