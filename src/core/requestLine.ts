import { amountsLess, amountsOf, rateDimensions, type RateAmounts, type RateLimits } from './rateLimits.ts';
import { smallestFirst } from './smallestFirst.ts';
import { availability, holding, rounding, type Buckets } from './tokenBucket.ts';

/** A request that waits to be admitted. */
export interface WaitingRequest {
  readonly id: string;
  readonly sessionId: string;
  readonly cost: RateAmounts;
  /** The limits that it comes under: ids of `LineFacts.scopes`. */
  readonly scopes: readonly string[];
  /** Place in the line: the smallest goes first; see `fairTag`. */
  readonly tag: number;
  /** Whether its session gave its slot back and needs one again. */
  readonly needsSlot: boolean;
  /** Its agent, where that may have only so many sessions at once; see `LineFacts.agentSlots`. */
  readonly limitedAgent?: string;
}

/** What is used up for long: the plan's tokens of the day, those of one agent, or a subscription's window. */
export type SpentLimit = 'day' | 'agent-day' | 'window';

/** The counted tokens of a local day against their limit. */
export interface DayState {
  readonly whose: 'plan' | 'agent';
  readonly limit: number;
  readonly used: number;
  readonly held: number;
}

/** Limits that requests share, at one moment. */
export interface ScopeFacts {
  readonly limits: RateLimits;
  /** Refilled to the moment. */
  readonly buckets: Buckets;
  /** Undefined when no limit of the day holds. */
  readonly day: DayState | undefined;
  /** Until then the upstream wants nothing; 0 when it has not said so. */
  readonly pausedUntil: number;
  /** Until then the subscription's window is used up; undefined when it is not. */
  readonly closedUntil: number | undefined;
  /** What is leased of a quota that machines share, beside what is promised already; absent where none is shared. */
  readonly lease?: LeaseRoom;
}

/** What new requests may take of a lease: Infinity where nothing limits it; below 0 where more is promised. */
export interface LeaseRoom {
  readonly rates: RateAmounts;
  readonly tokensPerDay: number;
}

/** All that decides which waiting requests go now. */
export interface LineFacts {
  readonly scopes: ReadonlyMap<string, ScopeFacts>;
  readonly freeSlots: number;
  /** Slots that limited agents may still take. */
  readonly agentSlots?: ReadonlyMap<string, number>;
  /** In any order. */
  readonly waiting: readonly WaitingRequest[];
}

/** A request that cannot be served soon, and until when: the day or the subscription's window is used up. */
export interface UsedUp {
  readonly request: WaitingRequest;
  readonly what: SpentLimit;
  /** Milliseconds since the epoch; undefined for the day, which ends at local midnight. */
  readonly until: number | undefined;
}

export interface LineDecision {
  readonly admitted: readonly WaitingRequest[];
  readonly usedUp: readonly UsedUp[];
  /** When the next may go if nothing else happens; undefined when only an event can help. */
  readonly nextAt: number | undefined;
  /** Those at the front of their limits' line that lack nothing but a larger lease. */
  readonly lacksLease: readonly WaitingRequest[];
}

/** A window that opens again so soon is waited for, in milliseconds. */
export const worthWaitingMs = 60_000;

/** A scope while the line is gone through: what was admitted before is taken from it. */
interface RunningScope {
  readonly facts: ScopeFacts;
  buckets: Buckets;
  dayHeld: number;
  lease: LeaseRoom | undefined;
  /** A request before has to wait for it, so nobody behind may take it. */
  blocked: boolean;
}

/**
 * Who goes now. Where a request lacks capacity, nobody behind it who needs the same capacity passes it, however cheap,
 * so nobody starves; those who come under other limits do, so nothing is left unused.
 */
export function decideLine(facts: LineFacts, now: number): LineDecision {
  const admitted: WaitingRequest[] = [];
  const usedUp: UsedUp[] = [];
  const lacksLease: WaitingRequest[] = [];
  const scopes = new Map<string, RunningScope>();
  for (const [id, scope] of facts.scopes) {
    const { buckets, day, lease } = scope;
    scopes.set(id, { facts: scope, buckets, dayHeld: day?.held ?? 0, lease, blocked: false });
  }
  const seated = new Set<string>();
  const agentSlots = new Map(facts.agentSlots);
  let nextAt = Infinity;
  // Where nothing can be used up for long and a scope of everybody's is blocked, nobody behind has anything to hear.
  const mayBeUsedUp = [...facts.scopes.values()].some(
    ({ day, closedUntil }) => day !== undefined || closedUntil !== undefined,
  );
  const shared = mayBeUsedUp ? [] : sharedScopes(facts.waiting);
  for (const request of smallestFirst(facts.waiting, goesBefore)) {
    if (shared.some((id) => scopes.get(id)?.blocked === true)) break;
    const own = request.scopes.map((id) => scopes.get(id)).filter((scope) => scope !== undefined);
    const spent = own.map((scope) => spentObstacle(scope, request, now)).find((found) => found !== undefined);
    if (spent !== undefined) {
      usedUp.push({ request, ...spent });
      continue;
    }
    const takesSlot = request.needsSlot && !seated.has(request.sessionId);
    const agent = request.limitedAgent ?? '';
    const agentFree = agentSlots.get(agent) ?? Infinity;
    if (takesSlot && (seated.size >= facts.freeSlots || agentFree <= 0)) continue;
    if (own.some(({ blocked }) => blocked)) continue;
    const lacking = own.flatMap((scope) => {
      const obstacle = shortObstacle(scope, request, now);
      return obstacle === undefined ? [] : [{ scope, obstacle }];
    });
    if (lacking.length > 0) {
      const lasting = lacking.filter(({ obstacle }) => obstacle.kind === 'own');
      if (lasting.length === 0) lacksLease.push(request);
      // Whoever has to wait here anyway does not hold up those who could lease what it lacks beside.
      for (const { scope, obstacle } of lasting.length === 0 ? lacking : lasting) {
        scope.blocked = true;
        // The first that gives way may let others go, who come under that limit alone.
        if (obstacle.kind === 'own') nextAt = Math.min(nextAt, obstacle.at ?? Infinity);
      }
      continue;
    }
    for (const scope of own) take(scope, request);
    if (takesSlot) {
      seated.add(request.sessionId);
      agentSlots.set(agent, agentFree - 1);
    }
    admitted.push(request);
  }
  return { admitted, usedUp, nextAt: nextAt === Infinity ? undefined : nextAt, lacksLease };
}

/** The scopes that all requests come under. */
function sharedScopes(waiting: readonly WaitingRequest[]): readonly string[] {
  const [first] = waiting;
  return first === undefined ? [] : first.scopes.filter((id) => waiting.every(({ scopes }) => scopes.includes(id)));
}

function goesBefore(a: WaitingRequest, b: WaitingRequest): boolean {
  return a.tag < b.tag || (a.tag === b.tag && a.id < b.id);
}

/** What waiting does not help against. */
function spentObstacle(
  { facts }: RunningScope,
  request: WaitingRequest,
  now: number,
): Omit<UsedUp, 'request'> | undefined {
  const { day, closedUntil } = facts;
  if (closedUntil !== undefined && closedUntil - now > worthWaitingMs) {
    return { what: 'window', until: closedUntil };
  }
  const tokens = request.cost.tokensPerMinute;
  if (day === undefined || tokens === 0) return undefined;
  if (day.used + Math.min(tokens, day.limit) <= day.limit) return undefined;
  return { what: day.whose === 'plan' ? 'day' : 'agent-day', until: undefined };
}

type ShortObstacle =
  /** @param at undefined when only something given back helps. */
  | { readonly kind: 'own'; readonly at: number | undefined }
  /** Nothing but the lease is short. */
  | { readonly kind: 'lease' };

/** What waiting helps against. */
function shortObstacle(scope: RunningScope, request: WaitingRequest, now: number): ShortObstacle | undefined {
  const { limits, day, pausedUntil, closedUntil } = scope.facts;
  const closed = Math.max(pausedUntil, closedUntil ?? 0);
  if (closed > now) return { kind: 'own', at: closed };
  const tokens = request.cost.tokensPerMinute;
  if (day !== undefined && tokens > 0 && day.used + scope.dayHeld + Math.min(tokens, day.limit) > day.limit) {
    return { kind: 'own', at: undefined };
  }
  let latest = 0;
  for (const dimension of rateDimensions) {
    const when = availability(scope.buckets[dimension], limits[dimension], request.cost[dimension]);
    if (when.kind === 'held') return { kind: 'own', at: undefined };
    if (when.kind === 'later') latest = Math.max(latest, when.at);
  }
  if (latest !== 0) return { kind: 'own', at: latest };
  return scope.lease !== undefined && !fits(scope.lease, scope.facts, request.cost) ? { kind: 'lease' } : undefined;
}

/** Whether a lease suffices. More than a limit needs all of the limit. */
function fits(room: LeaseRoom, { limits, day }: ScopeFacts, cost: RateAmounts): boolean {
  const tokens = cost.tokensPerMinute;
  if (day !== undefined && tokens > 0 && Math.min(tokens, day.limit) > room.tokensPerDay + rounding) return false;
  return rateDimensions.every(
    (dimension) =>
      cost[dimension] <= 0 ||
      Math.min(cost[dimension], limits[dimension] ?? Infinity) <= room.rates[dimension] + rounding,
  );
}

function take(scope: RunningScope, { cost }: WaitingRequest): void {
  const { buckets, lease } = scope;
  if (lease !== undefined) {
    scope.lease = { rates: amountsLess(lease.rates, cost), tokensPerDay: lease.tokensPerDay - cost.tokensPerMinute };
  }
  scope.buckets = amountsOf((dimension) => holding(buckets[dimension], cost[dimension]));
  scope.dayHeld += cost.tokensPerMinute;
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
 * A request's place by fair queueing: sessions advance in step, each by what it takes, so one that asks a lot does not
 * push back one that asks little. The place is the middle of what the request takes: a session is then ahead of its part
 * by half a request at most, and behind it by as much. By the start alone (Goyal, Vin, Cheng: "Start-time Fair Queuing",
 * 1996) those with large requests would always be ahead, by the end alone always behind.
 * @param virtualTime the smallest tag of those that were admitted last, together: where all could go at once, who had most
 * is not forgotten.
 * @param sessionFinish where the session's requests so far end.
 * @param weight see `fairWeight`.
 * @returns the request's tag and the session's new end.
 */
export function fairTag(virtualTime: number, sessionFinish: number, weight: number): { tag: number; finish: number } {
  const start = Math.max(virtualTime, sessionFinish);
  return { tag: start + weight / 2, finish: start + weight };
}
