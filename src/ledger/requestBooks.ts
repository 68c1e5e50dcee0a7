import { calendarDay } from '../core/calendarDay.ts';
import { planIdOf, type LineRun, type RequestOpening, type RequestState, type UsageEntry } from '../core/ledger.ts';
import { type Plan } from '../core/plan.ts';
import { amountsLeft, nothing, requestCost, type RateAmounts } from '../core/rateLimits.ts';
import { decideLine, fairTag, fairWeight, type WaitingRequest } from '../core/requestLine.ts';
import { type Session } from '../core/session.ts';
import { addUsage, type Usage } from '../core/usage.ts';
import { type LedgerStore, type ReservationRow } from './ledgerStore.ts';
import { type PlanBooks } from './planBooks.ts';

type Fate = Exclude<RequestState, { kind: 'waiting' }>;

/** What the ledger keeps of requests: the line and the reservations. Every method runs within a transaction. */
export class RequestBooks {
  readonly #store: LedgerStore;
  readonly #plans: PlanBooks;

  constructor(store: LedgerStore, plans: PlanBooks) {
    this.#store = store;
    this.#plans = plans;
  }

  /** Puts a request in line; that of a session that is not live is gone at once. */
  enqueue(opening: RequestOpening, engineId: string, plan: Plan, now: number): void {
    const planId = planIdOf(plan);
    const row = this.#store.session(opening.sessionId);
    const cost = requestCost(opening.requests, opening.estimate.inputTokens, opening.estimate.outputTokens);
    const { reservationId, sessionId } = opening;
    const request = { reservationId, sessionId, engineId, planId, cost, charged: nothing, usage: undefined };
    if (row === undefined || row.session.state === 'ended') {
      this.#store.putReservation({ ...request, state: 'gone', tag: 0, weight: 0 });
      return;
    }
    const weight = fairWeight(cost, this.#plans.state(plan, now).limits);
    const { tag, finish } = fairTag(this.#store.plan(planId).virtualTime, row.finishTag, weight);
    this.#store.putSession({ ...row, session: { ...row.session, lastActivityAt: now }, finishTag: finish });
    this.#store.putReservation({ ...request, state: 'waiting', tag, weight });
  }

  /** Admits whoever may go, and collects what became of this engine's requests. */
  runLine(engineId: string, plan: Plan, now: number): LineRun {
    const planId = planIdOf(plan);
    const waiting = this.#store.waitingReservations(planId);
    const nextAt = waiting.length === 0 ? undefined : this.#advance(waiting, plan, now);
    const decided = new Map<string, Fate>();
    for (const row of this.#store.decidedReservations(engineId)) {
      if (row.state === 'admitted') this.#store.putReservation({ ...row, state: 'running' });
      else this.#store.removeReservation(row.reservationId);
      decided.set(row.reservationId, fateOf(row.state, now));
    }
    return { decided, nextAt };
  }

  #advance(waiting: readonly ReservationRow[], plan: Plan, now: number): number | undefined {
    const planId = planIdOf(plan);
    this.#plans.followClock(planId, now);
    const { limits, buckets } = this.#plans.state(plan, now);
    const planRow = this.#store.plan(planId);
    const rows = new Map(waiting.map((row) => [row.reservationId, row]));
    const decision = decideLine(
      {
        limits,
        buckets,
        day: this.#plans.day(plan, now),
        freeSlots: plan.concurrentAgents - this.#store.slotHolders(planId).length,
        pausedUntil: planRow.pausedUntil,
        waiting: waiting.map((row) => this.#waitingRequest(row)),
      },
      now,
    );
    let { virtualTime } = planRow;
    for (const { id } of decision.admitted) {
      const row = rows.get(id);
      if (row === undefined) continue;
      this.#store.putReservation({ ...row, state: 'admitted' });
      this.#plans.hold(planId, row.cost, 1);
      virtualTime = Math.max(virtualTime, row.tag);
      this.#wake(row.sessionId);
    }
    for (const { id } of decision.dayUsedUp) {
      const row = rows.get(id);
      if (row === undefined) continue;
      this.#store.putReservation({ ...row, state: 'day-used-up' });
      this.#moveInLine(row.sessionId, -row.weight);
    }
    if (virtualTime !== planRow.virtualTime) this.#store.putPlan(planId, { ...planRow, virtualTime });
    return decision.nextAt;
  }

  #waitingRequest(row: ReservationRow): WaitingRequest {
    const session = this.#store.session(row.sessionId)?.session;
    return {
      id: row.reservationId,
      sessionId: row.sessionId,
      cost: row.cost,
      dayTokens: row.cost.tokensPerMinute,
      tag: row.tag,
      needsSlot: session?.state === 'idle',
    };
  }

  /** An idle session whose request is admitted holds a slot again. */
  #wake(sessionId: string): void {
    const row = this.#store.session(sessionId);
    if (row?.session.state !== 'idle') return;
    const { idleSince, ...session } = row.session;
    this.#store.putSession({ ...row, session: { ...session, state: 'active' } });
  }

  /** Counts what the upstream is known to have counted; what it is above the estimate counts too. */
  charge(reservationId: string, total: RateAmounts, usage: Usage | undefined, plan: Plan, now: number): void {
    const row = this.#store.reservation(reservationId);
    if (row === undefined || !holdsQuota(row)) return;
    const used = amountsLeft(total, row.charged);
    const heldBefore = amountsLeft(row.cost, row.charged);
    const chargedNow = addAmounts(row.charged, used);
    const heldAfter = amountsLeft(row.cost, chargedNow);
    this.#charge(row, plan, used, amountsLeft(heldBefore, heldAfter), now);
    this.#store.putReservation({ ...row, charged: chargedNow, usage: usage ?? row.usage });
  }

  settle(reservationId: string, entry: UsageEntry | undefined, total: RateAmounts, plan: Plan, now: number): boolean {
    const row = this.#store.reservation(reservationId);
    if (row === undefined || !holdsQuota(row)) return false;
    this.#charge(row, plan, amountsLeft(total, row.charged), amountsLeft(row.cost, row.charged), now);
    this.#store.removeReservation(reservationId);
    // The estimate moved the session back in line; what it really took is what counts.
    this.#moveInLine(row.sessionId, fairWeight(total, this.#plans.state(plan, now).limits) - row.weight);
    const found = this.#store.session(row.sessionId);
    if (found === undefined) return false;
    const { session } = found;
    if (entry !== undefined && !this.#store.addUsage(entry, session, row.planId, calendarDay(now).key, now))
      return false;
    this.#store.putSession({ ...found, session: booked(session, entry, now) });
    return true;
  }

  withdraw(reservationId: string): void {
    const row = this.#store.reservation(reservationId);
    if (row === undefined) return;
    this.#store.removeReservation(reservationId);
    if (holdsQuota(row)) this.#plans.hold(row.planId, amountsLeft(row.cost, row.charged), -1);
    // The line has moved the session back already where it refused the request.
    if (row.state !== 'day-used-up') this.#moveInLine(row.sessionId, -row.weight);
  }

  /** Drops what an engine left: what waited never was, what was in flight counts as used. */
  abandon(engineId: string, now: number): void {
    for (const row of this.#store.reservationsOfEngine(engineId)) {
      this.#store.removeReservation(row.reservationId);
      const held = amountsLeft(row.cost, row.charged);
      if (holdsQuota(row)) this.#plans.chargeBlindly(row.planId, held, held, now);
      else if (row.state === 'waiting') this.#moveInLine(row.sessionId, -row.weight);
    }
  }

  /** Whether the session has requests in line or under way. */
  busy(sessionId: string): boolean {
    return this.#store.reservationsOfSession(sessionId).length > 0;
  }

  /** Takes a session's requests out of the line, for their engines to hear of. */
  dropWaiting(sessionId: string): void {
    for (const row of this.#store.reservationsOfSession(sessionId)) {
      if (!holdsQuota(row)) this.#store.putReservation({ ...row, state: 'gone' });
    }
  }

  /** The plan may have become another while the request was under way. */
  #charge(row: ReservationRow, plan: Plan, used: RateAmounts, wasHeld: RateAmounts, now: number): void {
    if (row.planId === planIdOf(plan)) this.#plans.charge(plan, used, wasHeld, now);
    else this.#plans.chargeBlindly(row.planId, used, wasHeld, now);
  }

  #moveInLine(sessionId: string, weight: number): void {
    const row = this.#store.session(sessionId);
    if (row !== undefined && weight !== 0) this.#store.putSession({ ...row, finishTag: row.finishTag + weight });
  }
}

function fateOf(state: ReservationRow['state'], now: number): Fate {
  switch (state) {
    case 'admitted':
      return { kind: 'admitted' };
    case 'day-used-up':
      return { kind: 'day-used-up', until: calendarDay(now).endsAt };
    case 'waiting':
    case 'running':
    case 'gone':
      return { kind: 'gone' };
  }
}

function holdsQuota(row: ReservationRow): boolean {
  return row.state === 'admitted' || row.state === 'running';
}

function addAmounts(a: RateAmounts, b: RateAmounts): RateAmounts {
  return {
    requestsPerMinute: a.requestsPerMinute + b.requestsPerMinute,
    tokensPerMinute: a.tokensPerMinute + b.tokensPerMinute,
    inputTokensPerMinute: a.inputTokensPerMinute + b.inputTokensPerMinute,
    outputTokensPerMinute: a.outputTokensPerMinute + b.outputTokensPerMinute,
  };
}

function booked(session: Session, entry: UsageEntry | undefined, now: number): Session {
  return {
    ...session,
    lastActivityAt: session.state === 'ended' ? session.lastActivityAt : now,
    requests: session.requests + 1,
    usage: entry === undefined ? session.usage : addUsage(session.usage, entry.usage),
  };
}
