import { amountsOf, type RateAmounts } from './rateLimits.ts';

/** Demand of so long ago weighs a third in the pace, in milliseconds. */
const memoryMs = 8000;
/** The same of a pace that rises where it takes nothing from others. */
const risingMs = 1000;
/** A pace of less than one request in so many milliseconds is none: nothing is leased ahead for it. */
const rareMs = 60_000;
/** The most that is leased ahead, as a part of the limit. */
const mostAhead = 1 / 4;

/**
 * The pace of what is taken, from how much more has been taken since it was looked at last. It is forgotten slowly, and
 * follows soon where it rises: who begins to work waits for the way to the shared ledger else, request after request.
 * Where there is little for all it rises slowly too, as what one leases ahead is others'.
 * @param taken since the last time.
 * @param elapsedMs since then.
 * @param isScarce others wait for what this machine would lease, or may soon.
 * @returns amounts a millisecond.
 */
export function pacedOn(pace: RateAmounts, taken: RateAmounts, elapsedMs: number, isScarce: boolean): RateAmounts {
  if (elapsedMs <= 0) return pace;
  const rises = taken.requestsPerMinute > pace.requestsPerMinute * elapsedMs;
  const kept = Math.exp(-elapsedMs / (rises && !isScarce ? risingMs : memoryMs));
  return amountsOf((dimension) => pace[dimension] * kept + (Math.max(0, taken[dimension]) / elapsedMs) * (1 - kept));
}

/**
 * What will probably be asked for in a time: so much that it hardly ever is more, since what comes too early is only
 * given back, and what comes too late costs the way to the shared ledger. At least one request of the usual size while
 * there are any.
 * @param limits what is never passed by more than a part; Infinity where nothing limits it.
 */
export function forecast(pace: RateAmounts, ms: number, limits: RateAmounts): RateAmounts {
  const requests = pace.requestsPerMinute * ms;
  const seldom = pace.requestsPerMinute * rareMs < 1;
  if (seldom || ms <= 0) return amountsOf(() => 0);
  // Requests come as they will: of so many in a time three deviations more are hardly ever there.
  const most = Math.max(1.5, requests + 3 * Math.sqrt(requests));
  return amountsOf((dimension) => {
    const each = pace[dimension] / pace.requestsPerMinute;
    const ahead = Math.max(dimension === 'requestsPerMinute' ? 1 : 0, limits[dimension] * mostAhead);
    return Math.min(each * most, ahead);
  });
}
