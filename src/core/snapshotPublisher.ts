import type { Clock } from './clock.ts';
import { rerun } from './rerun.ts';
import type { EngineSnapshot } from './quotaEngine.ts';
import { refillMs } from './tokenBucket.ts';

/** The shortest time between two snapshots, in milliseconds. */
const leastIntervalMs = 250;
/** While limits refill, what is on screen changes without an event: it is told again so often. */
const refillIntervalMs = 1000;
/** The longest until the next look, in milliseconds: the clock may be set meanwhile. */
const longestQuietMs = 60_000;

/** Sends snapshots when something has changed, and while limits refill; a few times a second at most. */
export class SnapshotPublisher {
  readonly #clock: Clock;
  readonly #publish: () => void;
  #cancel: (() => void) | undefined;
  #due = Infinity;
  #lastAt = -Infinity;
  #disposed = false;

  constructor(
    clock: Clock,
    take: () => Promise<EngineSnapshot>,
    send: (snapshot: EngineSnapshot) => void,
    failed: (error: unknown) => void,
  ) {
    this.#clock = clock;
    this.#publish = rerun(async () => {
      this.#lastAt = clock.now();
      const snapshot = await take();
      if (this.#disposed) return;
      send(snapshot);
      const next = nextRefillMs(snapshot);
      if (next !== undefined) this.#schedule(next);
    }, failed);
  }

  /** Something has changed. */
  changed(): void {
    const delayMs = this.#lastAt + leastIntervalMs - this.#clock.now();
    // No longer than the interval, though the clock be set back.
    this.#schedule(Math.min(leastIntervalMs, Math.max(0, delayMs)));
  }

  dispose(): void {
    this.#disposed = true;
    this.#cancel?.();
  }

  #schedule(delayMs: number): void {
    if (this.#disposed) return;
    const due = this.#clock.now() + delayMs;
    if (this.#cancel !== undefined && this.#due <= due) return;
    this.#cancel?.();
    this.#due = due;
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#cancel = undefined;
      this.#publish();
    });
  }
}

/** When the limits are to be told again: those of a minute refill all the time, a day or a window at its end. */
function nextRefillMs({ at, status }: EngineSnapshot): number | undefined {
  const ends = status.limits.flatMap(({ resetsAt }) => (resetsAt === undefined ? [] : [resetsAt - at]));
  const first = Math.min(...ends);
  if (first === Infinity) return undefined;
  return first <= refillMs ? refillIntervalMs : Math.min(first, longestQuietMs);
}
