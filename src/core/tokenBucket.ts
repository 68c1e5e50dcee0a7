import type { RateDimension } from './rateLimits.ts';

/**
 * A token bucket, kept as what has been taken and not yet refilled. It refills continuously, whole in 60 seconds, as
 * Anthropic's does (API documentation, "Rate limits").
 *
 * Why it never runs ahead of the upstream's bucket: what a request takes is `held` from its admission until the
 * upstream is known to have counted it, and only then `used` and refilled. The upstream counted it at that moment or
 * earlier, so at every later moment its bucket is at least as full as this one says.
 */
export interface TokenBucket {
  /** Taken, as of `at`; refilling lowers it towards 0. */
  readonly used: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Promised to requests that the upstream may not have counted yet; not refilled. */
  readonly held: number;
}

/** A bucket for each dimension. */
export type Buckets = Readonly<Record<RateDimension, TokenBucket>>;

export const refillMs = 60_000;

/**
 * So many times its size a bucket may be overdrawn: one long answer may be more than a minute's limit, and nobody is kept
 * from the plan for hours by a count that is none. The shared ledger does the same (`most_debt`).
 */
const mostDebt = 10;

/** How long a caller's `now` may have waited for the ledger before it is used, in milliseconds. */
export const mostLatenessMs = 15_000;

/**
 * Whether something written at `at` is from a time that the clock has not reached again since it was set back, rather
 * than by another caller that was faster.
 */
export function isFromTheFuture(at: number, now: number): boolean {
  return at - now > mostLatenessMs;
}

/**
 * The bucket as it is now. A caller that comes late refills nothing, and does not make a later one refill twice; a
 * clock that was set back refills nothing and does not stop later refills.
 * @param limit the bucket's size; undefined when nothing limits it, which leaves nothing used.
 */
export function refilled(bucket: TokenBucket, limit: number | undefined, now: number): TokenBucket {
  const at = isFromTheFuture(bucket.at, now) ? now : Math.max(bucket.at, now);
  if (limit === undefined) return { used: 0, at, held: bucket.held };
  const elapsed = Math.max(0, at - bucket.at);
  const used = Math.min(bucket.used, mostDebt * limit);
  return { used: Math.max(0, used - (limit * elapsed) / refillMs), at, held: bucket.held };
}

/** Moves an amount from `held` (as far as it was) to `used`. Expects a bucket refilled to the moment. */
export function charged(bucket: TokenBucket, used: number, wasHeld: number): TokenBucket {
  return { used: bucket.used + used, at: bucket.at, held: Math.max(0, bucket.held - wasHeld) };
}

/** The bucket with so much more (or, below 0, less) held. */
export function holding(bucket: TokenBucket, amount: number): TokenBucket {
  return { ...bucket, held: Math.max(0, bucket.held + amount) };
}

/** When an amount can be taken. */
export type Availability =
  | { readonly kind: 'now' }
  /** If nothing else is taken before. */
  | { readonly kind: 'later'; readonly at: number }
  /** Only when something held is given back. */
  | { readonly kind: 'held' };

/** Half a millionth of a token: below it a difference is rounding, not quota. */
export const rounding = 5e-7;

/**
 * When an amount can be taken. More than the bucket holds waits for a full bucket instead of for ever.
 * Expects a bucket refilled to the moment.
 */
export function availability(bucket: TokenBucket, limit: number | undefined, amount: number): Availability {
  if (limit === undefined || amount <= 0) return { kind: 'now' };
  const lacking = Math.min(amount, limit) - (limit - bucket.used - bucket.held);
  if (lacking <= rounding) return { kind: 'now' };
  if (lacking > bucket.used + rounding) return { kind: 'held' };
  // A sliver comes within less than the clock can tell: it is waited for all the same, or nobody would ever get on.
  return { kind: 'later', at: Math.max(bucket.at + 1, Math.ceil(bucket.at + (lacking / limit) * refillMs)) };
}

/**
 * Corrects the bucket by what the upstream says is left: others may use the same limit. What is held may or may not be
 * in the upstream's count, so it is left out of the comparison; without others this never changes anything.
 * @param slack how far the report may be rounded down.
 */
export function corrected(bucket: TokenBucket, limit: number, remaining: number, slack: number): TokenBucket {
  const atLeastUsed = limit - (remaining + slack + bucket.held);
  return atLeastUsed > bucket.used ? { ...bucket, used: atLeastUsed } : bucket;
}
