import { type LimitStatus } from '../shared/limitStatus.ts';
import { rateDimensions, type RateDimension, type RateLimits } from './rateLimits.ts';
import { refillMs, type TokenBucket } from './tokenBucket.ts';

/** One limit as shown. @param resetsAt milliseconds since the epoch, when it is whole again. */
export function limitStatus(
  dimension: LimitStatus['dimension'],
  limit: number,
  used: number,
  resetsAt: number | undefined,
  source: LimitStatus['source'],
): LimitStatus {
  const whole = Math.round(used);
  return {
    dimension,
    limit,
    used: whole,
    remaining: Math.max(0, limit - whole),
    percentage: (used / limit) * 100,
    source,
    ...(resetsAt !== undefined && { resetsAt }),
  };
}

/** The rate limits as shown: what is used includes what requests in flight hold. */
export function rateStatus(
  limits: RateLimits,
  reported: RateLimits,
  buckets: Readonly<Record<RateDimension, TokenBucket>>,
): LimitStatus[] {
  const shown: LimitStatus[] = [];
  for (const dimension of rateDimensions) {
    const limit = limits[dimension];
    if (limit === undefined) continue;
    const { used, held, at } = buckets[dimension];
    const resetsAt = used > 0 ? Math.ceil(at + (used / limit) * refillMs) : undefined;
    const source = reported[dimension] === limit ? 'reported' : 'setting';
    shown.push(limitStatus(dimension, limit, used + held, resetsAt, source));
  }
  return shown;
}
