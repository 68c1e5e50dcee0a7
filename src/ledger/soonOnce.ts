import type { Clock } from '../core/clock.ts';

interface Planned {
  readonly at: number;
  readonly cancel: () => void;
}

/** Does things a little later, each once however often it is wished for meanwhile, and as soon as the most urgent wish. */
export class SoonOnce {
  readonly #clock: Clock;
  readonly #planned = new Map<string, Planned>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param inMs undefined: not at all. */
  do(key: string, inMs: number | undefined, what: () => void): void {
    if (inMs === undefined || this.#isClosed) return;
    const at = this.#clock.now() + inMs;
    const known = this.#planned.get(key);
    if (known !== undefined && known.at <= at) return;
    known?.cancel();
    const cancel = this.#clock.after(inMs, () => {
      this.#planned.delete(key);
      what();
    });
    this.#planned.set(key, { at, cancel });
  }

  close(): void {
    this.#isClosed = true;
    for (const { cancel } of this.#planned.values()) cancel();
    this.#planned.clear();
  }
}
