import type { LimitReport, ReportedLimit } from '../../src/core/admission.ts';
import { amountsOf, rateDimensions, type RateDimension, type RateLimits } from '../../src/core/rateLimits.ts';
import { TokenBucket } from '../../test/fakes/tokenBucket.ts';
import type { SecondCount } from './tally.ts';

/**
 * The organisation's limits, as strict as the upstream's: a request is admitted when every bucket holds what it needs
 * at its arrival; what it then puts out is taken as it is produced.
 */
export class OrganisationBuckets {
  readonly #buckets = new Map<RateDimension, TokenBucket>();

  constructor(limits: RateLimits, now: number) {
    for (const dimension of rateDimensions) {
      const limit = limits[dimension];
      if (limit !== undefined) this.#buckets.set(dimension, new TokenBucket(limit, now));
    }
  }

  /** What comes in within a second, and what is there; 0 where there is no limit. */
  second(now: number): SecondCount {
    return {
      supply: amountsOf((dimension) => (this.#buckets.get(dimension)?.perMinute ?? 0) / 60),
      level: amountsOf((dimension) => this.#buckets.get(dimension)?.level(now) ?? 0),
    };
  }

  /** Changes every limit but that of requests; what is left stays, as far as it fits. */
  scaleTokens(factor: number, now: number): void {
    for (const [dimension, bucket] of this.#buckets) {
      if (dimension === 'requestsPerMinute') continue;
      const changed = new TokenBucket(bucket.perMinute * factor, now);
      changed.take(changed.perMinute - Math.min(changed.perMinute, bucket.level(now)), now);
      this.#buckets.set(dimension, changed);
    }
  }

  /** @returns undefined when admitted and taken, else the milliseconds until it can be, in whole seconds. */
  admit(inputTokens: number, now: number): number | undefined {
    const needs = neededBy(inputTokens);
    let waitMs = 0;
    for (const [dimension, bucket] of this.#buckets) {
      if (!bucket.holds(needs[dimension], now)) {
        waitMs = Math.max(waitMs, bucket.millisecondsUntil(needs[dimension], now));
      }
    }
    if (waitMs > 0) return Math.max(1, Math.ceil(waitMs / 1000)) * 1000;
    this.#buckets.get('requestsPerMinute')?.take(1, now);
    this.#buckets.get('tokensPerMinute')?.take(inputTokens, now);
    this.#buckets.get('inputTokensPerMinute')?.take(inputTokens, now);
    return undefined;
  }

  chargeOutput(tokens: number, now: number): void {
    this.#buckets.get('tokensPerMinute')?.take(tokens, now);
    this.#buckets.get('outputTokensPerMinute')?.take(tokens, now);
  }

  /** What the rate-limit headers say; tokens left are rounded to thousands there. */
  report(model: string, now: number, retryAfterMs: number | undefined): LimitReport {
    const limits: ReportedLimit[] = [];
    for (const [dimension, bucket] of this.#buckets) {
      const rounding = dimension === 'requestsPerMinute' ? 1 : 1000;
      const left = Math.max(0, Math.floor(bucket.level(now)));
      limits.push({
        dimension,
        limit: bucket.perMinute,
        remaining: Math.round(left / rounding) * rounding,
        resetsAt: now + bucket.millisecondsUntil(bucket.perMinute, now),
      });
    }
    return { limits, retryAfterMs, limited: retryAfterMs !== undefined, model, windows: [] };
  }
}

function neededBy(inputTokens: number): Readonly<Record<RateDimension, number>> {
  return {
    requestsPerMinute: 1,
    tokensPerMinute: inputTokens,
    inputTokensPerMinute: inputTokens,
    outputTokensPerMinute: 1,
  };
}
