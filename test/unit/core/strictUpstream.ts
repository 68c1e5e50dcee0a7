/**
 * An upstream's limit as strict as it can be, for tests alone and written without a look at ours: a bucket of the
 * limit's size that refills continuously over 60 seconds and may not be overdrawn.
 */
export class StrictBucket {
  readonly limit: number;
  #level: number;
  #at: number;

  constructor(limit: number, now: number) {
    this.limit = limit;
    this.#level = limit;
    this.#at = now;
  }

  /** Takes an amount. @returns what is left; below 0 the upstream would have answered 429. */
  take(amount: number, now: number): number {
    this.#level = Math.min(this.limit, this.#level + ((now - this.#at) * this.limit) / 60_000) - amount;
    this.#at = now;
    return this.#level;
  }
}

/** Requests, tokens, input and output tokens, each with a limit. */
export class StrictUpstream {
  readonly #buckets: readonly StrictBucket[];
  /** The lowest level that any bucket ever had. */
  lowest = Infinity;

  constructor(requests: number, tokens: number, input: number, output: number, now: number) {
    this.#buckets = [requests, tokens, input, output].map((limit) => new StrictBucket(limit, now));
  }

  count(input: number, output: number, now: number): void {
    const amounts = [1, input + output, input, output];
    for (const [index, bucket] of this.#buckets.entries()) {
      this.lowest = Math.min(this.lowest, bucket.take(amounts[index] ?? 0, now));
    }
  }
}
