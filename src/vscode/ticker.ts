import type { Clock } from '../core/clock.ts';

/** Runs something every so often: ages and countdowns move although nothing else does. */
export class Ticker {
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #run: () => void;
  #cancel: () => void;

  constructor(intervalMs: number, clock: Clock, run: () => void) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#run = run;
    this.#cancel = this.#next();
  }

  dispose(): void {
    this.#cancel();
  }

  #next(): () => void {
    return this.#clock.after(this.#intervalMs, () => {
      this.#cancel = this.#next();
      this.#run();
    });
  }
}
