const MILLISECONDS_PER_MINUTE = 60_000;

/** Absorbs floating-point error, so that a client that waits exactly as long as it was told is admitted. */
const TOLERANCE = 1e-6;

/**
 * A token bucket that refills continuously and holds at most one minute's worth, as the upstream's limits do
 * (API documentation, "Rate limits"). It starts full, and may be overdrawn by what is only known afterwards.
 * Times are milliseconds of the caller's clock.
 */
export class TokenBucket {
  readonly perMinute: number;
  #level: number;
  #levelAt: number;

  constructor(perMinute: number, now: number) {
    this.perMinute = perMinute;
    this.#level = perMinute;
    this.#levelAt = now;
  }

  /** What the bucket holds at `now`; negative when overdrawn. */
  level(now: number): number {
    const elapsed = Math.max(0, now - this.#levelAt);
    return Math.min(this.perMinute, this.#level + (elapsed * this.perMinute) / MILLISECONDS_PER_MINUTE);
  }

  /** Whether `amount` could be taken at `now` without overdrawing. */
  holds(amount: number, now: number): boolean {
    return this.level(now) + TOLERANCE >= amount;
  }

  /** Takes `amount` whether or not the bucket holds it. */
  take(amount: number, now: number): void {
    this.#level = this.level(now) - amount;
    this.#levelAt = Math.max(now, this.#levelAt);
  }

  /** Milliseconds from `now` until the bucket holds `amount`, or is full if it can never hold so much. */
  millisecondsUntil(amount: number, now: number): number {
    const missing = Math.min(amount, this.perMinute) - this.level(now);
    return missing <= TOLERANCE ? 0 : (missing * MILLISECONDS_PER_MINUTE) / this.perMinute;
  }
}
