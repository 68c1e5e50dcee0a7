import { rateDimensions, type RateAmounts, type RateDimension, type RateLimits } from './rateLimits.ts';
import { availability, holding, type TokenBucket } from './tokenBucket.ts';

/** A request that waits to be admitted. */
export interface WaitingRequest {
  readonly id: string;
  readonly sessionId: string;
  readonly cost: RateAmounts;
  /** Tokens towards the day's limit. */
  readonly dayTokens: number;
  /** Place in the line: the smallest goes first; see `fairTag`. */
  readonly tag: number;
  /** Whether its session gave its slot back and needs one again. */
  readonly needsSlot: boolean;
}

/** The day's tokens of a plan that has a daily limit. */
export interface DayState {
  readonly limit: number;
  readonly used: number;
  readonly held: number;
}

/** All that decides which waiting requests go now. */
export interface LineFacts {
  readonly limits: RateLimits;
  /** Refilled to `now`. */
  readonly buckets: Readonly<Record<RateDimension, TokenBucket>>;
  readonly day: DayState | undefined;
  readonly freeSlots: number;
  /** Until then the upstream wants nothing; 0 when it has not said so. */
  readonly pausedUntil: number;
  /** In any order. */
  readonly waiting: readonly WaitingRequest[];
}

export interface LineDecision {
  readonly admitted: readonly WaitingRequest[];
  /** Requests that cannot be served before the day ends. */
  readonly dayUsedUp: readonly WaitingRequest[];
  /** When the next may go if nothing else happens; undefined when only an event can help. */
  readonly nextAt: number | undefined;
}

/**
 * Who goes now. The head of the line is never overtaken by a cheaper request behind it, so nobody starves; only a
 * session that waits for a slot is passed by those that have one.
 */
export function decideLine(facts: LineFacts, now: number): LineDecision {
  const admitted: WaitingRequest[] = [];
  const dayUsedUp: WaitingRequest[] = [];
  const buckets = { ...facts.buckets };
  let dayHeld = facts.day?.held ?? 0;
  let freeSlots = facts.freeSlots;
  const seated = new Set<string>();
  for (const request of [...facts.waiting].sort((a, b) => a.tag - b.tag || (a.id < b.id ? -1 : 1))) {
    const day = facts.day;
    if (day !== undefined && request.dayTokens > 0) {
      const needed = Math.min(request.dayTokens, day.limit);
      if (day.used + needed > day.limit) {
        dayUsedUp.push(request);
        continue;
      }
      if (day.used + dayHeld + needed > day.limit) return { admitted, dayUsedUp, nextAt: undefined };
    }
    if (now < facts.pausedUntil) return { admitted, dayUsedUp, nextAt: facts.pausedUntil };
    const takesSlot = request.needsSlot && !seated.has(request.sessionId);
    if (takesSlot && freeSlots <= 0) continue;
    const earliest = whenAvailable(buckets, facts.limits, request.cost);
    if (earliest.kind !== 'now')
      return { admitted, dayUsedUp, nextAt: earliest.kind === 'later' ? earliest.at : undefined };
    for (const dimension of rateDimensions) buckets[dimension] = holding(buckets[dimension], request.cost[dimension]);
    dayHeld += request.dayTokens;
    if (takesSlot) {
      freeSlots -= 1;
      seated.add(request.sessionId);
    }
    admitted.push(request);
  }
  return { admitted, dayUsedUp, nextAt: undefined };
}

function whenAvailable(
  buckets: Readonly<Record<RateDimension, TokenBucket>>,
  limits: RateLimits,
  cost: RateAmounts,
): ReturnType<typeof availability> {
  let latest = 0;
  for (const dimension of rateDimensions) {
    const when = availability(buckets[dimension], limits[dimension], cost[dimension]);
    if (when.kind === 'held') return when;
    if (when.kind === 'later') latest = Math.max(latest, when.at);
  }
  return latest === 0 ? { kind: 'now' } : { kind: 'later', at: latest };
}

/**
 * How far a request moves its session in line, in tokens. A request takes its share of the requests a minute however
 * few tokens it takes, or a session that asks often for little would hold up those that ask for more.
 */
export function fairWeight(cost: RateAmounts, limits: RateLimits): number {
  const { requestsPerMinute, tokensPerMinute } = limits;
  const isKnown = requestsPerMinute !== undefined && tokensPerMinute !== undefined;
  const tokensPerRequest = isKnown ? tokensPerMinute / requestsPerMinute : 1;
  return Math.max(cost.tokensPerMinute, cost.requestsPerMinute * tokensPerRequest);
}

/**
 * A request's place by start-time fair queueing: sessions advance in step, each by what it takes, so one that asks
 * a lot does not push back one that asks little. (Goyal, Vin, Cheng: "Start-time Fair Queuing", 1996.)
 * @param virtualTime the tag of the request that was admitted last.
 * @param sessionFinish where the session's requests so far end.
 * @param weight see `fairWeight`.
 * @returns the request's tag and the session's new end.
 */
export function fairTag(virtualTime: number, sessionFinish: number, weight: number): { tag: number; finish: number } {
  const tag = Math.max(virtualTime, sessionFinish);
  return { tag, finish: tag + weight };
}
