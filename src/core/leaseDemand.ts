import { amountsOf, nothing, type RateAmounts } from './rateLimits.ts';

/** Demand of so long ago weighs a third in the pace, in milliseconds. */
const memoryMs = 8000;
/** The shortest time of which a recent pace is taken: of less, a single request says too much. */
const recentMs = 1000;
/** A pace of less than one request in so many milliseconds is none: nothing is leased ahead for it. */
const rareMs = 60_000;
/** The most that is leased ahead, as a part of the limit. */
const mostAhead = 1 / 4;

/**
 * The pace of what is taken, from how much more has been taken since it was looked at last.
 * @param taken since the last time.
 * @param elapsedMs since then.
 * @returns amounts a millisecond.
 */
export function pacedOn(pace: RateAmounts, taken: RateAmounts, elapsedMs: number): RateAmounts {
  if (elapsedMs <= 0) return pace;
  const kept = Math.exp(-elapsedMs / memoryMs);
  return amountsOf((dimension) => pace[dimension] * kept + (Math.max(0, taken[dimension]) / elapsedMs) * (1 - kept));
}

/** The pace of the last second or more. */
export interface RecentPace {
  /** Amounts a millisecond. */
  readonly pace: RateAmounts;
  /** When it was taken, by the monotonic clock, and all that had been taken by then. */
  readonly at: number;
  readonly taken: RateAmounts;
}

/** The recent pace at a moment. @param taken all that was ever taken by then. */
export function recentPace(last: RecentPace | undefined, taken: RateAmounts, at: number): RecentPace {
  const elapsedMs = last === undefined ? -1 : at - last.at;
  if (last === undefined || elapsedMs < 0) return { pace: nothing, at, taken };
  if (elapsedMs < recentMs) return last;
  return {
    pace: amountsOf((dimension) => Math.max(0, taken[dimension] - last.taken[dimension]) / elapsedMs),
    at,
    taken,
  };
}

/**
 * What is leased ahead for: while the limits are far, the recent pace where it is higher. Who begins to work waits for the
 * way to the shared ledger else, request after request, until the pace has followed. Where there is little for all, what
 * one leases ahead is others'.
 * @param isScarce others wait for what this machine would lease, or may soon.
 */
export function expectedPace(pace: RateAmounts, recent: RecentPace, isScarce: boolean): RateAmounts {
  return !isScarce && recent.pace.requestsPerMinute > pace.requestsPerMinute ? recent.pace : pace;
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
