import { calendarDay } from '../core/calendarDay.ts';
import { type LineRun, type RequestOpening, type RequestState, type UsageEntry } from '../core/ledger.ts';
import { limitsOfAgent } from '../core/agentRules.ts';
import { agentScopeId, planScope, scopeOfId, scopesOf, type QuotaTerms } from '../core/quotaTerms.ts';
import { amountsLeft, amountsLess, amountsSum, nothing, requestCost, type RateAmounts } from '../core/rateLimits.ts';
import {
  decideLine,
  fairTag,
  fairWeight,
  type LineFacts,
  type ScopeFacts,
  type WaitingRequest,
} from '../core/requestLine.ts';
import { windowsClosedUntil } from '../core/planWindow.ts';
import { outputReserve } from '../core/tokenEstimate.ts';
import { quotaInputTokens, type Usage } from '../core/usage.ts';
import { bookedSession } from './bookedSession.ts';
import { type LedgerStore, type ReservationRow } from './ledgerStore.ts';
import { type ScopeBooks } from './scopeBooks.ts';

type Fate = Exclude<RequestState, { kind: 'waiting' }>;

/** What the ledger keeps of requests: the line and the reservations. Every method runs within a transaction. */
export class RequestBooks {
  readonly #store: LedgerStore;
  readonly #scopes: ScopeBooks;

  constructor(store: LedgerStore, scopes: ScopeBooks) {
    this.#store = store;
    this.#scopes = scopes;
  }

  /** Puts a request in line; that of a session that is not live is gone at once. */
  enqueue(opening: RequestOpening, engineId: string, terms: QuotaTerms, now: number): void {
    const planId = terms.planId;
    const row = this.#store.session(opening.sessionId);
    const { requests, estimate } = opening;
    const expected = requestCost(requests, estimate.inputTokens, estimate.outputTokens);
    const { reservationId, sessionId, model } = opening;
    const request = { reservationId, sessionId, engineId, planId, charged: nothing, usage: undefined };
    if (row === undefined || row.session.state === 'ended') {
      this.#store.putReservation({ ...request, cost: expected, scopes: [], state: 'gone', tag: 0, weight: 0 });
      return;
    }
    const { agentId } = row.session;
    const under = scopesOf(terms, agentId, model);
    const scopes = under.map(({ id }) => id);
    const bearableInput = this.#scopes.bearableTokens(under, 'inputTokensPerMinute', terms, now);
    const input = Math.max(estimate.inputTokens, Math.min(estimate.mostInputTokens, bearableInput));
    const bearableOutput = this.#scopes.bearableTokens(under, 'outputTokensPerMinute', terms, now);
    const { held } = this.#store.scope(planId).buckets.outputTokensPerMinute;
    const output = estimate.outputTokens + Math.floor(Math.min(outputReserve(estimate, held), bearableOutput));
    const cost = requestCost(requests, input, output);
    const weight = this.#weight(expected, agentId, terms, now);
    const { tag, finish } = fairTag(this.#store.scope(planId).virtualTime, row.finishTag, weight);
    this.#store.putSession({ ...row, session: { ...row.session, lastActivityAt: now }, finishTag: finish });
    this.#store.putReservation({ ...request, cost, scopes, state: 'waiting', tag, weight });
  }

  /** How far a request moves its session in line: the less, the more its agent weighs. */
  #weight(cost: RateAmounts, agentId: string, terms: QuotaTerms, now: number): number {
    const plan = planScope(terms);
    const limits = this.#scopes.limits(plan, this.#store.scope(plan.id), terms, now);
    return fairWeight(cost, limits) / (limitsOfAgent(terms.agents, agentId).weight ?? 1);
  }

  /** Admits whoever may go, and collects what became of this engine's requests. */
  runLine(engineId: string, terms: QuotaTerms, now: number): LineRun {
    const waiting = this.#store.waitingReservations(terms.planId);
    const nextAt = waiting.length === 0 ? undefined : this.#advance(waiting, terms, now);
    const decided = new Map<string, Fate>();
    for (const row of this.#store.decidedReservations(engineId)) {
      if (row.state === 'admitted') this.#store.putReservation({ ...row, state: 'running' });
      else this.#store.removeReservation(row.reservationId);
      decided.set(row.reservationId, this.#fateOf(row, now));
    }
    return { decided, nextAt };
  }

  #advance(waiting: readonly ReservationRow[], terms: QuotaTerms, now: number): number | undefined {
    const planId = terms.planId;
    const rowOf = ({ id }: WaitingRequest): ReservationRow | undefined =>
      waiting.find(({ reservationId }) => reservationId === id);
    const scopes = new Map<string, ScopeFacts>();
    for (const row of waiting) {
      for (const id of row.scopes) {
        if (scopes.has(id)) continue;
        this.#scopes.followClock(id, now);
        scopes.set(id, this.#scopes.facts(scopeOfId(terms, id), terms, now));
      }
    }
    const decision = decideLine({ scopes, ...this.#waiting(waiting, terms) }, now);
    let virtualTime = 0;
    for (const request of decision.admitted) {
      const row = rowOf(request);
      if (row === undefined) continue;
      this.#store.putReservation({ ...row, state: 'admitted' });
      this.#scopes.hold(row.scopes, row.cost, terms, now);
      virtualTime = Math.max(virtualTime, row.tag);
      this.#wake(row.sessionId);
    }
    for (const { request, what } of decision.usedUp) {
      const row = rowOf(request);
      if (row === undefined) continue;
      this.#store.putReservation({ ...row, state: `${what}-used-up` });
      this.#moveInLine(row.sessionId, -row.weight);
    }
    const plan = this.#store.scope(planId);
    if (virtualTime > plan.virtualTime) this.#store.putScope(planId, { ...plan, virtualTime });
    return decision.nextAt;
  }

  /** Who waits, and the slots for those whose session gave its slot back. */
  #waiting(rows: readonly ReservationRow[], terms: QuotaTerms): Omit<LineFacts, 'scopes'> {
    const idle = new Set(this.#store.idleSessionIds(terms.planId));
    if (idle.size === 0) return { freeSlots: 0, waiting: rows.map((row) => waitingRequest(row, undefined)) };
    const holders = this.#store.slotHolders(terms.planId);
    const agentSlots = new Map<string, number>();
    const waiting = rows.map((row) => {
      if (!idle.has(row.sessionId)) return waitingRequest(row, undefined);
      const agentId = this.#store.session(row.sessionId)?.session.agentId ?? '';
      const most = limitsOfAgent(terms.agents, agentId).concurrentSessions ?? Infinity;
      agentSlots.set(agentId, most - holders.filter((holder) => holder.agentId === agentId).length);
      return waitingRequest(row, agentId);
    });
    return { freeSlots: terms.plan.concurrentAgents - holders.length, agentSlots, waiting };
  }

  #fateOf({ state, planId }: ReservationRow, now: number): Fate {
    switch (state) {
      case 'admitted':
        return { kind: 'admitted' };
      case 'day-used-up':
        return { kind: 'used-up', what: 'day', until: calendarDay(now).endsAt };
      case 'agent-day-used-up':
        return { kind: 'used-up', what: 'agent-day', until: calendarDay(now).endsAt };
      case 'window-used-up':
        return {
          kind: 'used-up',
          what: 'window',
          until: windowsClosedUntil(this.#store.scope(planId).windows, now) ?? now,
        };
      case 'waiting':
      case 'running':
      case 'gone':
        return { kind: 'gone' };
    }
  }

  /** An idle session whose request is admitted holds a slot again. */
  #wake(sessionId: string): void {
    const row = this.#store.session(sessionId);
    if (row?.session.state !== 'idle') return;
    const { idleSince, ...session } = row.session;
    this.#store.putSession({ ...row, session: { ...session, state: 'active' } });
  }

  /**
   * Counts what the upstream is known to have counted; what it is above the estimate counts too. Once the upstream has
   * reported the input side, that takes the place of its estimate.
   */
  charge(reservationId: string, total: RateAmounts, usage: Usage | undefined, terms: QuotaTerms, now: number): void {
    const row = this.#store.reservation(reservationId);
    if (row === undefined || !holdsQuota(row)) return;
    const used = amountsLeft(total, row.charged);
    const heldBefore = amountsLeft(row.cost, row.charged);
    const chargedNow = amountsSum(row.charged, used);
    const cost = usage === undefined ? row.cost : withKnownInput(row.cost, total);
    const heldAfter = amountsLeft(cost, chargedNow);
    this.#charge(row, used, amountsLess(heldBefore, heldAfter), terms, now);
    this.#store.putReservation({ ...row, cost, charged: chargedNow, usage: usage ?? row.usage });
  }

  settle(
    reservationId: string,
    entry: UsageEntry | undefined,
    total: RateAmounts,
    terms: QuotaTerms,
    now: number,
  ): boolean {
    const row = this.#store.reservation(reservationId);
    if (row === undefined || !holdsQuota(row)) return false;
    this.#charge(row, amountsLeft(total, row.charged), amountsLeft(row.cost, row.charged), terms, now);
    this.#store.removeReservation(reservationId);
    const found = this.#store.session(row.sessionId);
    if (found === undefined) return false;
    // The estimate moved the session back in line; what it really took is what counts.
    this.#moveInLine(row.sessionId, this.#weight(total, found.session.agentId, terms, now) - row.weight);
    return this.#book(row.sessionId, row.planId, entry, now);
  }

  /** Books what was used without a reservation of its own: it counts against the limits from now on. */
  book(sessionId: string, entry: UsageEntry, terms: QuotaTerms, now: number, turnId?: string): boolean {
    const found = this.#store.session(sessionId);
    if (found === undefined || !this.#book(sessionId, terms.planId, entry, now)) return false;
    const cost = requestCost(1, quotaInputTokens(entry.usage), entry.usage.outputTokens);
    this.#scopes.charge(scopesOf(terms, found.session.agentId, entry.model), cost, nothing, terms, now);
    this.#moveInLine(sessionId, this.#weight(cost, found.session.agentId, terms, now));
    if (turnId !== undefined) this.#holdLess(turnId, cost);
    return true;
  }

  /** So much of what a turn was expected to use has come and is booked. */
  #holdLess(turnId: string, amounts: RateAmounts): void {
    const row = this.#store.reservation(turnId);
    if (row === undefined || !holdsQuota(row)) return;
    const cost = amountsLeft(row.cost, amounts);
    this.#scopes.release(row.scopes, amountsLess(row.cost, cost));
    this.#store.putReservation({ ...row, cost });
  }

  #book(sessionId: string, planId: string, entry: UsageEntry | undefined, now: number): boolean {
    const found = this.#store.session(sessionId);
    if (found === undefined) return false;
    const { session } = found;
    const scopeIds = [planId, agentScopeId(planId, session.agentId)];
    const booking = { session, planId, scopeIds, day: calendarDay(now).key, at: now };
    if (entry !== undefined && !this.#store.addUsage(entry, booking)) return false;
    this.#store.putSession({ ...found, session: bookedSession(session, entry, now) });
    return true;
  }

  withdraw(reservationId: string): void {
    const row = this.#store.reservation(reservationId);
    if (row === undefined) return;
    this.#store.removeReservation(reservationId);
    if (holdsQuota(row)) this.#scopes.release(row.scopes, amountsLeft(row.cost, row.charged));
    // The line has moved the session back already where it refused the request.
    if (!row.state.endsWith('used-up')) this.#moveInLine(row.sessionId, -row.weight);
  }

  /** Drops what an engine left: what waited never was, what was in flight counts as used. */
  abandon(engineId: string, now: number): void {
    for (const row of this.#store.reservationsOfEngine(engineId)) {
      this.#store.removeReservation(row.reservationId);
      const held = amountsLeft(row.cost, row.charged);
      if (holdsQuota(row)) {
        this.#scopes.chargeBlindly(row.scopes, held, held, now);
        const { usage } = row;
        // What it had reported by then was used for certain; who books it again by its request id does so later.
        if (usage !== undefined)
          this.#book(row.sessionId, row.planId, { usage, model: undefined, requestId: undefined }, now);
      } else if (row.state === 'waiting') this.#moveInLine(row.sessionId, -row.weight);
    }
  }

  /** Whether the session has requests in line or under way. */
  busy(sessionId: string): boolean {
    return this.#store.reservationsOfSession(sessionId).length > 0;
  }

  /**
   * Takes a session's requests out of the line, for their engines to hear of.
   * @param holdsTurns what is under way are turns of an agent that will not end them: what they hold is given back.
   */
  dropWaiting(sessionId: string, holdsTurns: boolean): void {
    for (const row of this.#store.reservationsOfSession(sessionId)) {
      if (!holdsQuota(row)) this.#store.putReservation({ ...row, state: 'gone' });
      else if (holdsTurns) this.withdraw(row.reservationId);
    }
  }

  /** The plan may have become another while the request was under way. */
  #charge(row: ReservationRow, used: RateAmounts, wasHeld: RateAmounts, terms: QuotaTerms, now: number): void {
    if (row.planId !== terms.planId) {
      this.#scopes.chargeBlindly(row.scopes, used, wasHeld, now);
      return;
    }
    const scopes = row.scopes.map((id) => scopeOfId(terms, id));
    this.#scopes.charge(scopes, used, wasHeld, terms, now);
  }

  #moveInLine(sessionId: string, weight: number): void {
    const row = this.#store.session(sessionId);
    if (row !== undefined && weight !== 0) this.#store.putSession({ ...row, finishTag: row.finishTag + weight });
  }
}

/** @param agentId whose session gave its slot back; undefined for those that have one. */
function waitingRequest(row: ReservationRow, agentId: string | undefined): WaitingRequest {
  const { reservationId: id, sessionId, cost, scopes, tag } = row;
  const request = { id, sessionId, cost, scopes, tag };
  return agentId === undefined
    ? { ...request, needsSlot: false }
    : { ...request, needsSlot: true, limitedAgent: agentId };
}

function holdsQuota(row: ReservationRow): boolean {
  return row.state === 'admitted' || row.state === 'running';
}

/** The cost with the input side as it was reported; the output side stays estimated. */
function withKnownInput(cost: RateAmounts, { inputTokensPerMinute }: RateAmounts): RateAmounts {
  return requestCost(cost.requestsPerMinute, inputTokensPerMinute, cost.outputTokensPerMinute);
}
