import { limitsOfAgent } from '../core/agentRules.ts';
import { calendarDay } from '../core/calendarDay.ts';
import { isNear, leaseAmounts, leftOf, smallerLeaseLimits, type ScopeLease, type ScopeShare } from '../core/lease.ts';
import { scopeAsk } from '../core/leaseAsk.ts';
import { expectedPace, forecast, pacedOn, recentPace } from '../core/leaseDemand.ts';
import { agentScope, scopeOfId, type QuotaTerms, type Scope } from '../core/quotaTerms.ts';
import { amountsLess, amountsOf, amountsSum, limitsOfSettings, nothing, type RateAmounts } from '../core/rateLimits.ts';
import type { WaitingRequest } from '../core/requestLine.ts';
import type { LeaseAmounts, LeaseAsk, LeaseLimits, MachineIdentity, ScopeAsk } from '../core/sharedQuota.ts';
import { seatsWanted } from '../core/slotLine.ts';
import type { LeaseBooks } from './leaseBooks.ts';
import type { LedgerStore, ScopeRow } from './ledgerStore.ts';
import type { LineBooks } from './lineBooks.ts';
import type { ScopeBooks } from './scopeBooks.ts';
import type { SessionBooks } from './sessionBooks.ts';

/** What is asked with. */
export interface AskTerms {
  readonly machine: MachineIdentity;
  readonly terms: QuotaTerms;
  /** How far ahead is leased, in milliseconds: the way to the shared ledger and the time between two asks. */
  readonly aheadMs: number;
  /** An agent that wants a slot and is not in line for one. */
  readonly seatFor: string | undefined;
}

export interface PreparedAsk {
  readonly ask: LeaseAsk;
  /** Requests were admitted, of which their engines are to be told. */
  readonly hasAdmitted: boolean;
}

/** What those want who wait, and who has slots. */
interface Demand {
  readonly fronts: readonly WaitingRequest[];
  readonly pending: ReadonlyMap<string, RateAmounts>;
  /** Slots wanted beside those of the holders, by agent. */
  readonly seats: ReadonlyMap<string, number>;
  /** Agent ids of the sessions that hold slots. */
  readonly holders: readonly string[];
  readonly weight: number;
}

/** The books of one ledger. */
export interface LeaseDeskBooks {
  readonly leases: LeaseBooks;
  readonly scopes: ScopeBooks;
  readonly line: LineBooks;
  readonly sessions: SessionBooks;
}

/**
 * Makes out what this machine asks of the shared ledger: what it reports, gives back and wants. Runs within a
 * transaction: what is given back is given back locally first, so that nobody uses it while the call is under way.
 */
export class LeaseDesk {
  readonly #store: LedgerStore;
  readonly #books: LeaseDeskBooks;

  constructor(store: LedgerStore, books: LeaseDeskBooks) {
    this.#store = store;
    this.#books = books;
  }

  /**
   * Whoever may go goes first: what was leased for them would else be given back before they have it. Who leases nothing
   * ahead is leaving, and admits nobody.
   */
  prepare({ machine, terms, aheadMs, seatFor }: AskTerms, now: number): PreparedAsk {
    const { planId } = terms;
    const hasAdmitted = aheadMs > 0 && this.#books.line.advance(terms, now);
    const demand = this.#demand(terms, seatFor, now);
    const scopes = this.#scopeIds(demand, terms).map((id) =>
      this.#ask(scopeOfId(terms, id), demand, aheadMs, terms, now),
    );
    const row = this.#store.scope(planId);
    const lease = this.#books.leases.plan(planId);
    if (lease !== undefined) {
      const planLease = { ...lease, askedAt: this.#books.leases.moment().monotonic };
      this.#store.putScope(planId, { ...row, planLease });
    }
    const epoch = row.planLease?.epoch ?? 0;
    const known = epoch === 0 ? undefined : epoch;
    return { ask: { planId, machine, epoch: known, dayKey: calendarDay(now).key, scopes }, hasAdmitted };
  }

  #demand(terms: QuotaTerms, seatFor: string | undefined, now: number): Demand {
    const waiters = this.#books.line.waiters(terms, now);
    const facts = this.#books.sessions.ownSlotFacts(terms);
    const outside = [...waiters.seats, ...(seatFor === undefined ? [] : [seatFor])];
    const line = [...facts.line, ...outside.map((agentId) => ({ ticket: '', agentId, since: now }))];
    const pending = new Map<string, RateAmounts>();
    for (const { scopes, cost } of this.#store.waitingReservations(terms.planId)) {
      for (const id of scopes) pending.set(id, amountsSum(pending.get(id) ?? nothing, cost));
    }
    const seats = seatsWanted({ ...facts, line });
    return { fronts: waiters.requests, pending, seats, holders: facts.holders, weight: this.#weight(terms) };
  }

  /** Of the sessions that have requests in line or under way; else that of one. */
  #weight(terms: QuotaTerms): number {
    const busy = new Set(
      this.#store
        .reservationActivity()
        .filter(({ planId, state }) => planId === terms.planId && state !== 'gone')
        .map(({ sessionId }) => sessionId),
    );
    let sum = 0;
    for (const sessionId of busy) {
      const session = this.#store.session(sessionId)?.session;
      if (session === undefined || session.state === 'ended') continue;
      sum += session.weight ?? limitsOfAgent(terms.agents, session.agentId).weight ?? 1;
    }
    return sum === 0 ? 1 : sum;
  }

  /** The plan, what is waited for, and what there is something to say of. */
  #scopeIds({ fronts, seats, holders }: Demand, terms: QuotaTerms): string[] {
    const { planId } = terms;
    const ids = new Set<string>([planId, ...fronts.flatMap(({ scopes }) => scopes)]);
    for (const agentId of [...seats.keys(), ...holders]) {
      const scope = agentScope(terms, agentId);
      if (scope.limits.concurrentSessions !== undefined) ids.add(scope.id);
    }
    for (const id of this.#store.scopeIds(planId)) if (this.#books.leases.hasBusiness(id, planId)) ids.add(id);
    return [...ids];
  }

  #ask(scope: Scope, demand: Demand, aheadMs: number, terms: QuotaTerms, now: number): ScopeAsk {
    const { leases } = this.#books;
    const row = this.#store.scope(scope.id);
    const share = leases.share(scope.id, terms.planId);
    const set = this.#set(scope, terms, now);
    const limits = smallerLeaseLimits(smallerLeaseLimits(set, row.reported), share?.limits ?? {});
    const lease = row.lease ?? { consumed: nothing };
    const consumed = { ...lease.consumed, tokensPerDay: leases.consumedToday(scope.id, now), slots: 0 };
    const held = this.#held(scope, row, demand);
    const isToday = share?.dayKey === calendarDay(now).key;
    const idle = leaseAmounts((dimension) => {
      if (share === undefined || limits[dimension] === undefined) return 0;
      if (dimension === 'tokensPerDay' && !isToday) return 0;
      return Math.max(0, leftOf(share, dimension, consumed[dimension]) - held[dimension]);
    });
    const othersWait = leases.plan(terms.planId)?.othersWait === true;
    const taken = amountsOf((dimension) => row.buckets[dimension].used + row.buckets[dimension].held);
    const isScarce = othersWait || (share !== undefined && isNear(limits, taken, share));
    const paced = this.#paced(row, share, isScarce);
    const fronts = demand.fronts.filter(({ scopes }) => scopes.includes(scope.id));
    const { back, needs, wants } = scopeAsk({
      limits,
      idle,
      hasEnded: leases.state(terms.planId) !== 'leased',
      front: fronts.length === 0 ? undefined : fronts.reduce((sum, { cost }) => amountsSum(sum, cost), nothing),
      pending: demand.pending.get(scope.id) ?? nothing,
      ahead: forecast(
        paced.expected,
        aheadMs,
        amountsOf((dimension) => limits[dimension] ?? Infinity),
      ),
      seats: limits.slots === undefined ? 0 : wantedSeats(scope, demand),
      othersWait,
    });
    const before = isToday || share === undefined ? share?.returned : { ...share.returned, tokensPerDay: 0 };
    const returned = leaseAmounts((dimension) => (before?.[dimension] ?? 0) + back[dimension]);
    if (share !== undefined) this.#keep(scope.id, row, lease, { ...share, ...paced, returned });
    return { scopeId: scope.id, set, consumed, returned, held, needs, wants, weight: demand.weight };
  }

  #keep(scopeId: string, row: ScopeRow, lease: ScopeLease, grant: ScopeShare): void {
    this.#store.putScope(scopeId, { ...row, lease: { ...lease, grant } });
  }

  /** The pace until now, and which is leased ahead for. */
  #paced(
    row: ScopeRow,
    share: ScopeShare | undefined,
    isScarce: boolean,
  ): Pick<ScopeShare, 'pace' | 'pacedAt' | 'paced' | 'recent'> & { readonly expected: RateAmounts } {
    const pacedAt = this.#books.leases.moment().monotonic;
    const paced = takenOf(row);
    const recent = recentPace(share?.recent, paced, pacedAt);
    if (share === undefined) return { pace: nothing, pacedAt, paced, recent, expected: nothing };
    const pace = pacedOn(share.pace, amountsLess(paced, share.paced), pacedAt - share.pacedAt);
    return { pace, pacedAt, paced, recent, expected: expectedPace(pace, recent, isScarce) };
  }

  /** What this machine's settings allow. */
  #set(scope: Scope, terms: QuotaTerms, now: number): LeaseLimits {
    const tokensPerDay = this.#books.scopes.dayLimit(scope, terms, now);
    const day = tokensPerDay === undefined ? {} : { tokensPerDay };
    const { plan } = terms;
    if (scope.kind === 'model') return {};
    if (scope.kind === 'plan') {
      return { ...(plan.kind === 'ApiKey' && limitsOfSettings(plan, 1)), ...day, slots: plan.concurrentAgents };
    }
    const slots = scope.limits.concurrentSessions;
    return { ...limitsOfSettings(scope.limits, 1), ...day, ...(slots !== undefined && { slots }) };
  }

  #held(scope: Scope, { buckets }: ScopeRow, { holders }: Demand): LeaseAmounts {
    return leaseAmounts((dimension) => {
      if (dimension === 'tokensPerDay') return this.#store.tokensUnderWay(scope.id);
      if (dimension === 'slots') return holders.filter((agentId) => concerns(scope, agentId)).length;
      return buckets[dimension].held;
    });
  }
}

/** All that was ever taken of a scope, used or promised. */
function takenOf({ lease, buckets }: ScopeRow): RateAmounts {
  return amountsSum(
    lease?.consumed ?? nothing,
    amountsOf((dimension) => buckets[dimension].held),
  );
}

function wantedSeats(scope: Scope, { seats }: Demand): number {
  let sum = 0;
  for (const [agentId, wanted] of seats) if (concerns(scope, agentId)) sum += wanted;
  return sum;
}

/** Whether a session of an agent takes a slot of a scope. */
function concerns(scope: Scope, agentId: string): boolean {
  if (scope.kind === 'plan') return true;
  return scope.kind === 'agent' && scope.id === `${scope.planId}/agent/${agentId}`;
}
