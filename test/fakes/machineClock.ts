import type { MonotonicClock } from '../../src/core/monotonicClock.ts';
import { FakeClock } from './fakeClock.ts';

/** A fake clock that also tells the time that only goes forward. */
export class MachineClock extends FakeClock implements MonotonicClock {
  #jumped = 0;
  readonly #start: number;

  constructor(start?: number) {
    super(start);
    this.#start = this.now();
  }

  override jump(ms: number): void {
    super.jump(ms);
    this.#jumped += ms;
  }

  /** Time passes all at once: no timer runs meanwhile. */
  pass(ms: number): void {
    super.jump(ms);
  }

  /** Lets time pass until the wall clock shows a moment, or sets it back to it. @returns how much has passed. */
  set(now: number): number {
    const ms = now - this.now();
    if (ms > 0) this.pass(ms);
    else this.jump(ms);
    return Math.max(0, ms);
  }

  monotonic(): number {
    return this.now() - this.#start - this.#jumped;
  }
}
