import type { Clock } from '../../src/core/clock.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** More timers than this in one `advance` mean that somebody sets a timer for at once again and again. */
const mostTimers = 100_000;

/**
 * A clock that moves only when told to. As in a real process, timers run by time that passes and not by what the wall
 * clock says: `jump` sets the wall clock and leaves them alone.
 */
export class FakeClock implements Clock {
  #wall: number;
  #passed = 0;
  #order = 0;
  readonly #timers = new Set<Timer>();

  /** @param start milliseconds since the epoch; noon of a local day without a change of clocks when left out. */
  constructor(start = new Date(2026, 0, 15, 12).getTime()) {
    this.#wall = start;
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#wall;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { due: this.#passed + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Sets the wall clock forward, or (below 0) back. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  /** Lets time pass: runs the timers that come due, in order, each after what the ones before it set going. */
  async advance(ms: number): Promise<void> {
    const end = this.#passed + ms;
    await settled();
    for (let count = 0; count < mostTimers; count += 1) {
      const next = this.#next(end);
      if (next === undefined) {
        this.#pass(end);
        return;
      }
      this.#timers.delete(next);
      this.#pass(Math.max(next.due, this.#passed));
      next.callback();
      await settled();
    }
    throw new Error('The timers do not come to an end.');
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (next === undefined || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) {
        next = timer;
      }
    }
    return next;
  }

  #pass(to: number): void {
    this.#wall += to - this.#passed;
    this.#passed = to;
  }
}

/** Lets all go on that waits for promises alone. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
