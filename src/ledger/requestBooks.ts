import { calendarDay } from '../core/calendarDay.ts';
import { cleanName } from '../core/cleanName.ts';
import type { RequestOpening, UsageEntry } from '../core/ledger.ts';
import { limitsOfAgent } from '../core/agentRules.ts';
import {
  agentScopeId,
  planScope,
  scopeOfId,
  scopesOf,
  termsOfSession,
  termsOfUsage,
  type QuotaTerms,
} from '../core/quotaTerms.ts';
import { amountsLeft, amountsLess, amountsSum, nothing, requestCost, type RateAmounts } from '../core/rateLimits.ts';
import { fairTag, fairWeight } from '../core/requestLine.ts';
import type { LiveSession, Session } from '../core/session.ts';
import { outputReserve } from '../core/tokenEstimate.ts';
import { quotaInputTokens, type Usage } from '../core/usage.ts';
import { bookedSession } from './bookedSession.ts';
import type { LedgerStore, ReservationRow } from './ledgerStore.ts';
import { moveInLine } from './moveInLine.ts';
import type { OutboxEntry } from './sharedRows.ts';
import type { ScopeBooks } from './scopeBooks.ts';

/** What the ledger keeps of requests and what they hold and use. Every method runs within a transaction. */
export class RequestBooks {
  readonly #store: LedgerStore;
  readonly #scopes: ScopeBooks;

  constructor(store: LedgerStore, scopes: ScopeBooks) {
    this.#store = store;
    this.#scopes = scopes;
  }

  /** Puts a request in line; that of a session that is not live is gone at once. */
  enqueue(opening: RequestOpening, engineId: string, given: QuotaTerms, now: number): void {
    const row = this.#store.session(opening.sessionId);
    const terms = row === undefined ? given : termsOfSession(given, row.session);
    const planId = terms.planId;
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
    const weight = this.#weight(expected, row.session, terms, now);
    const { placeKept, ...session } = row.session;
    const { tag, finish } = fairTag(placeKept ?? this.#store.scope(planId).virtualTime, row.finishTag, weight);
    this.#store.putSession({ ...row, session: { ...session, lastActivityAt: now }, finishTag: finish });
    this.#store.putReservation({ ...request, cost, scopes, state: 'waiting', tag, weight });
  }

  /** How far a request moves its session in line: the less, the more its agent weighs. */
  #weight(cost: RateAmounts, session: Session, terms: QuotaTerms, now: number): number {
    const plan = planScope(terms);
    const limits = this.#scopes.limits(plan, this.#store.scope(plan.id), terms, now);
    return fairWeight(cost, limits) / (ownWeight(session) ?? limitsOfAgent(terms.agents, session.agentId).weight ?? 1);
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
    const [used, held] = [amountsLeft(total, row.charged), amountsLeft(row.cost, row.charged)];
    this.#charge(row, used, held, terms, now, entry !== undefined);
    this.#store.removeReservation(reservationId);
    const found = this.#store.session(row.sessionId);
    if (found === undefined) return false;
    // The estimate moved the session back in line; what it really took is what counts.
    moveInLine(this.#store, row.sessionId, this.#weight(total, found.session, terms, now) - row.weight);
    return this.#book(row.sessionId, row.planId, entry, now);
  }

  /** Books what was used without a reservation of its own: it counts against the limits from now on. */
  book(sessionId: string, entry: UsageEntry, given: QuotaTerms, now: number, turnId?: string): boolean {
    const found = this.#store.session(sessionId);
    if (found === undefined) return false;
    const terms = termsOfUsage(given, found.session);
    if (!this.#book(sessionId, terms.planId, entry, now)) return false;
    const cost = requestCost(1, quotaInputTokens(entry.usage), entry.usage.outputTokens);
    this.#scopes.charge(scopesOf(terms, found.session.agentId, entry.model), cost, nothing, terms, now);
    moveInLine(this.#store, sessionId, this.#weight(cost, found.session, terms, now));
    if (turnId !== undefined) this.#holdLess(turnId, cost);
    return true;
  }

  /** Books what no limit of a minute bounds. */
  bookBeside(sessionId: string, entry: UsageEntry, given: QuotaTerms, now: number): boolean {
    const found = this.#store.session(sessionId);
    return found !== undefined && this.#book(sessionId, termsOfUsage(given, found.session).planId, entry, now);
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
    if (entry !== undefined) {
      if (!this.#store.addUsage(entry, booking)) return false;
      if (this.#scopes.leases !== undefined) this.#store.shared.addToOutbox(deliveryOf(entry, session, planId, now));
    }
    this.#store.putSession({ ...found, session: bookedSession(session, entry, now) });
    return true;
  }

  withdraw(reservationId: string): void {
    const row = this.#store.reservation(reservationId);
    if (row === undefined) return;
    this.#store.removeReservation(reservationId);
    if (holdsQuota(row)) this.#scopes.release(row.scopes, amountsLeft(row.cost, row.charged));
    // The line has moved the session back already where it refused the request.
    if (!row.state.endsWith('used-up')) moveInLine(this.#store, row.sessionId, -row.weight);
    if (row.state === 'waiting') this.#keepPlace(row);
  }

  /** Who waited in vain goes on with its wait when it comes again. */
  #keepPlace({ sessionId, tag, weight }: ReservationRow): void {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return;
    const placeKept = Math.min(row.session.placeKept ?? Infinity, tag - weight / 2);
    this.#store.putSession({ ...row, session: { ...row.session, placeKept } });
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
      } else if (row.state === 'waiting') moveInLine(this.#store, row.sessionId, -row.weight);
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

  /** The plan may have become another while the request was under way. @param isKnown see `ScopeBooks.charge`. */
  #charge(
    row: ReservationRow,
    used: RateAmounts,
    wasHeld: RateAmounts,
    terms: QuotaTerms,
    now: number,
    isKnown = true,
  ): void {
    if (row.planId !== terms.planId) {
      this.#scopes.chargeBlindly(row.scopes, used, wasHeld, now);
      return;
    }
    const scopes = row.scopes.map((id) => scopeOfId(terms, id));
    this.#scopes.charge(scopes, used, wasHeld, terms, now, isKnown);
  }
}

/** What the user has set for a live session by itself. */
function ownWeight(session: Session): LiveSession['weight'] {
  return session.state === 'ended' ? undefined : session.weight;
}

function holdsQuota(row: ReservationRow): boolean {
  return row.state === 'admitted' || row.state === 'running';
}

/** The cost with the input side as it was reported; the output side stays estimated. */
function withKnownInput(cost: RateAmounts, { inputTokensPerMinute }: RateAmounts): RateAmounts {
  return requestCost(cost.requestsPerMinute, inputTokensPerMinute, cost.outputTokensPerMinute);
}

function deliveryOf(
  { usage, model, requestId }: UsageEntry,
  { sessionId, agentId }: Session,
  planId: string,
  at: number,
): OutboxEntry {
  return {
    ...{ planId, at, sessionId, agentId, usage },
    model: model === undefined ? undefined : cleanName(model),
    requestId: requestId === undefined ? undefined : cleanName(requestId),
  };
}
