import { type Clock } from '../core/clock.ts';

/** Does things a little later, each once however often it is wished for meanwhile. */
export class SoonOnce {
  readonly #clock: Clock;
  readonly #cancels = new Map<string, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param inMs undefined: not at all. */
  do(key: string, inMs: number | undefined, what: () => void): void {
    if (inMs === undefined || this.#cancels.has(key)) return;
    const cancel = this.#clock.after(inMs, () => {
      this.#cancels.delete(key);
      what();
    });
    this.#cancels.set(key, cancel);
  }

  close(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
