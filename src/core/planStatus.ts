import type { LimitStatus, OwnPart } from '../shared/limitStatus.ts';
import { rateDimensions, type RateAmounts, type RateDimension, type RateLimits } from './rateLimits.ts';
import { refillMs, type TokenBucket } from './tokenBucket.ts';

/** How much is used of a limit. */
export interface SharedUse {
  /** What this machine alone may use. */
  readonly limit: number;
  /** By this machine. */
  readonly used: number;
  /** What others have of it: used or leased. */
  readonly others?: number;
  /** What all machines may use together; undefined where the limit is this machine's alone, or that is not known. */
  readonly whole?: number | undefined;
}

/** What is known of rates that machines share. */
export interface SharedRates {
  /** What all machines may use together, where that is more than this machine may. */
  readonly whole: RateLimits;
  /** What others have of it: used or leased. */
  readonly others: RateAmounts;
}

/** One limit as shown. @param resetsAt milliseconds since the epoch, when it is whole again. */
export function limitStatus(
  dimension: LimitStatus['dimension'],
  use: SharedUse,
  resetsAt: number | undefined,
  source: LimitStatus['source'],
): LimitStatus {
  const { limit: bound, used: ownUsed, others = 0, whole: limit = bound } = use;
  const used = Math.round(ownUsed + others);
  const own = ownPart(use);
  const ofOwn = own?.limit === undefined ? 0 : ownUsed / own.limit;
  return {
    dimension,
    limit,
    used,
    remaining: Math.max(0, Math.min(limit - used, own?.limit === undefined ? Infinity : own.limit - own.used)),
    percentage: Math.max((ownUsed + others) / limit, ofOwn) * 100,
    source,
    ...(resetsAt !== undefined && { resetsAt }),
    ...(own !== undefined && { own }),
  };
}

function ownPart({ limit, used, others = 0, whole = limit }: SharedUse): OwnPart | undefined {
  const own = Math.round(used);
  if (limit < whole) return { used: own, limit };
  return own === Math.round(used + others) ? undefined : { used: own };
}

/**
 * The rate limits as shown: what is used includes what requests in flight hold.
 * @param limits what this machine may use.
 */
export function rateStatus(
  limits: RateLimits,
  reported: RateLimits,
  buckets: Readonly<Record<RateDimension, TokenBucket>>,
  shared: SharedRates,
): LimitStatus[] {
  const shown: LimitStatus[] = [];
  for (const dimension of rateDimensions) {
    const limit = limits[dimension];
    if (limit === undefined) continue;
    // What was reported since the grant holds for all at once.
    const whole = Math.max(limit, Math.min(shared.whole[dimension] ?? limit, reported[dimension] ?? Infinity));
    const { used, held, at } = buckets[dimension];
    const resetsAt = used > 0 ? Math.ceil(at + (used / limit) * refillMs) : undefined;
    const source = reported[dimension] === whole ? 'reported' : 'setting';
    const use = { limit, used: used + held, others: shared.others[dimension], whole };
    shown.push(limitStatus(dimension, use, resetsAt, source));
  }
  return shown;
}
