import { limitsOfAgent } from '../core/agentRules.ts';
import { calendarDay } from '../core/calendarDay.ts';
import { type LineRun, type RequestState } from '../core/ledger.ts';
import { windowsClosedUntil } from '../core/planWindow.ts';
import { hasAccounts, isAccountRecord, scopeOfId, type QuotaTerms } from '../core/quotaTerms.ts';
import { decideLine, type LineFacts, type ScopeFacts, type WaitingRequest } from '../core/requestLine.ts';
import { type LedgerStore, type ReservationRow } from './ledgerStore.ts';
import { moveInLine } from './moveInLine.ts';
import { type ScopeBooks } from './scopeBooks.ts';

type Fate = Exclude<RequestState, { kind: 'waiting' }>;

/** The line of requests. Every method runs within a transaction. */
export class LineBooks {
  readonly #store: LedgerStore;
  readonly #scopes: ScopeBooks;

  constructor(store: LedgerStore, scopes: ScopeBooks) {
    this.#store = store;
    this.#scopes = scopes;
  }

  /** Admits whoever may go, and collects what became of this engine's requests. */
  run(engineId: string, terms: QuotaTerms, now: number): LineRun {
    const nextAt = Math.min(...this.#linesOf(engineId, terms).map((one) => this.#runOne(one, now)));
    const decided = new Map<string, Fate>();
    for (const row of this.#store.decidedReservations(engineId)) {
      if (row.state === 'admitted') this.#store.putReservation({ ...row, state: 'running' });
      else this.#store.removeReservation(row.reservationId);
      decided.set(row.reservationId, this.#fateOf(row, now));
    }
    return { decided, nextAt: nextAt === Infinity ? undefined : nextAt };
  }

  /** The line of the terms' plan, and those of other accounts in which requests of the engine wait. */
  #linesOf(engineId: string, terms: QuotaTerms): QuotaTerms[] {
    if (!hasAccounts(terms)) return [terms];
    const planIds = this.#store
      .reservationsOfEngine(engineId)
      .filter(({ state, planId }) => state === 'waiting' && isAccountRecord(terms, planId))
      .map(({ planId }) => planId);
    return [...new Set([terms.planId, ...planIds])].map((planId) => ({ ...terms, planId }));
  }

  /** @returns when to run it again at the latest. */
  #runOne(terms: QuotaTerms, now: number): number {
    const waiting = this.#store.waitingReservations(terms.planId).filter((row) => !this.#isPaused(row));
    return (waiting.length === 0 ? undefined : this.#advance(waiting, terms, now)) ?? Infinity;
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
      moveInLine(this.#store, row.sessionId, -row.weight);
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

  /** Requests of a session that the user has paused keep their place and are passed by. */
  #isPaused({ sessionId }: ReservationRow): boolean {
    const session = this.#store.session(sessionId)?.session;
    return session !== undefined && session.state !== 'ended' && session.pausedAt !== undefined;
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
