import type { Clock } from '../../src/core/clock.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/**
 * Time of a discrete-event simulation: it stands still while anything computes and then jumps to what comes next, in
 * order of time and, at the same time, of setting. Between two timers everything that waits for promises alone goes on
 * first.
 */
export class SimulatedClock implements Clock {
  /** Kept, because the process's own timers may be replaced by this clock's. */
  readonly #turn = setImmediate;
  readonly #heap: Timer[] = [];
  #now: number;
  #order = 0;

  /** @param start milliseconds since the epoch; noon of a local day when left out. */
  constructor(start = new Date(2026, 0, 15, 12).getTime()) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { due: this.#now + Math.max(0, Math.ceil(delayMs)), order: this.#order++, callback };
    this.#push(timer);
    return () => {
      timer.callback = undefined;
    };
  }

  /** @returns resolves after so many milliseconds. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Lets all go on that waits for promises alone. */
  settle(): Promise<void> {
    return new Promise((resolve) => {
      this.#turn(resolve);
    });
  }

  /** Runs all timers that come due until then, those that they set included. */
  async run(until: number): Promise<void> {
    await this.settle();
    for (let next = this.#heap[0]; next !== undefined && next.due <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.callback === undefined) continue;
      this.#now = next.due;
      next.callback();
      await this.settle();
    }
    this.#now = until;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(timer, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = index * 2 + 1;
      let child = heap[left];
      if (child === undefined) break;
      let smaller = left;
      const right = heap[left + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        smaller = left + 1;
      }
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = smaller;
    }
    heap[index] = last;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
