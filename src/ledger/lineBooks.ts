import { limitsOfAgent } from '../core/agentRules.ts';
import { calendarDay } from '../core/calendarDay.ts';
import type { LineRun, RequestState } from '../core/ledger.ts';
import { windowsClosedUntil } from '../core/planWindow.ts';
import { agentScopeId, hasAccounts, isAccountRecord, scopeOfId, type QuotaTerms } from '../core/quotaTerms.ts';
import {
  decideLine,
  type LineDecision,
  type LineFacts,
  type ScopeFacts,
  type WaitingRequest,
} from '../core/requestLine.ts';
import type { LeaseBooks } from './leaseBooks.ts';
import type { LedgerStore, ReservationRow } from './ledgerStore.ts';
import { moveInLine } from './moveInLine.ts';
import type { ScopeBooks } from './scopeBooks.ts';

/** What a run of one line comes to. */
interface Advance extends Pick<LeasedRun, 'nextAt' | 'lack'> {
  readonly admitted: number;
}

const nobody: Advance = { nextAt: undefined, admitted: 0 };

type Fate = Exclude<RequestState, { kind: 'waiting' }>;

/** What a run of the line leaves to be asked of the shared ledger. */
export type LeaseLack =
  /** What is leased is soon used up. */
  | { readonly kind: 'low' }
  /** Somebody waits for nothing but a larger lease. @param ask whether asking for it now makes sense. */
  | { readonly kind: 'short'; readonly ask: boolean };

/** A run of the line where the quota is shared with other machines. */
export interface LeasedRun extends LineRun {
  readonly lack?: LeaseLack;
}

/** Who waits for nothing but a larger lease. */
export interface LeaseWaiters {
  /** At the front of their limits' line. */
  readonly requests: readonly WaitingRequest[];
  /** Agents of sessions that gave their slot back and whose request waits for one, each session once. */
  readonly seats: readonly string[];
}

/** The line of requests. Every method runs within a transaction. */
export class LineBooks {
  readonly #store: LedgerStore;
  readonly #scopes: ScopeBooks;

  constructor(store: LedgerStore, scopes: ScopeBooks) {
    this.#store = store;
    this.#scopes = scopes;
  }

  /** Admits whoever may go, and collects what became of this engine's requests. */
  run(engineId: string, terms: QuotaTerms, now: number): LeasedRun {
    const { nextAt: own, lack } = this.#runOne(terms, now);
    const others = this.#otherLines(engineId, terms).map((other) => this.#runOne(other, now, false).nextAt ?? Infinity);
    const nextAt = Math.min(own ?? Infinity, ...others);
    const decided = new Map<string, Fate>();
    for (const row of this.#store.decidedReservations(engineId)) {
      if (row.state === 'admitted') this.#store.putReservation({ ...row, state: 'running' });
      else this.#store.removeReservation(row.reservationId);
      decided.set(row.reservationId, this.#fateOf(row, now));
    }
    return { decided, nextAt: nextAt === Infinity ? undefined : nextAt, ...(lack !== undefined && { lack }) };
  }

  /** The lines of other accounts than the terms' in which requests of the engine wait; these are not shared with machines. */
  #otherLines(engineId: string, terms: QuotaTerms): QuotaTerms[] {
    if (!hasAccounts(terms)) return [];
    const planIds = this.#store
      .reservationsOfEngine(engineId)
      .filter(({ state, planId }) => state === 'waiting' && planId !== terms.planId && isAccountRecord(terms, planId))
      .map(({ planId }) => planId);
    return [...new Set(planIds)].map((planId) => ({ ...terms, planId }));
  }

  /** @param isOwn false for another account's line, which a lease binds only while another engine of this machine has one. */
  #runOne(terms: QuotaTerms, now: number, isOwn = true): Advance {
    const waiting = this.#unpaused(terms.planId);
    if (waiting.length === 0) return nobody;
    const { leases } = this.#scopes;
    const isBound = leases !== undefined && (isOwn || leases.state(terms.planId) === 'leased');
    return this.#advance(waiting, terms, now, isBound ? leases : undefined);
  }

  /** Admits whoever may go; their engines hear of it when they run the line. @returns whether anybody was admitted. */
  advance(terms: QuotaTerms, now: number): boolean {
    return this.#runOne(terms, now).admitted > 0;
  }

  /** Those of the line as it is that a larger lease would help. */
  waiters(terms: QuotaTerms, now: number): LeaseWaiters {
    const rows = this.#unpaused(terms.planId);
    const idle = new Set(this.#store.idleSessionIds(terms.planId));
    const seats = new Map(
      rows
        .filter(({ sessionId }) => idle.has(sessionId))
        .map(({ sessionId }) => [sessionId, this.#store.session(sessionId)?.session.agentId ?? '']),
    );
    const { leases } = this.#scopes;
    const line = { scopes: this.#facts(rows, terms, now, leases), ...this.#waiting(rows, terms, leases) };
    const decision = decideLine(line, now);
    return { requests: decision.lacksLease, seats: [...seats.values()] };
  }

  #unpaused(planId: string): ReservationRow[] {
    return this.#store.waitingReservations(planId).filter((row) => !this.#isPaused(row));
  }

  #facts(
    waiting: readonly ReservationRow[],
    terms: QuotaTerms,
    now: number,
    leases: LeaseBooks | undefined,
  ): Map<string, ScopeFacts> {
    const scopes = new Map<string, ScopeFacts>();
    for (const id of new Set(waiting.flatMap((row) => row.scopes))) {
      const { lease, ...facts } = this.#scopes.facts(scopeOfId(terms, id), terms, now);
      scopes.set(id, leases === undefined || lease === undefined ? facts : { ...facts, lease });
    }
    return scopes;
  }

  /** @param leases what bounds the line beside its own limits. */
  #advance(
    waiting: readonly ReservationRow[],
    terms: QuotaTerms,
    now: number,
    leases: LeaseBooks | undefined,
  ): Advance {
    const planId = terms.planId;
    const rowOf = ({ id }: WaitingRequest): ReservationRow | undefined =>
      waiting.find(({ reservationId }) => reservationId === id);
    for (const id of new Set(waiting.flatMap((row) => row.scopes))) this.#scopes.followClock(id, now);
    const line = { scopes: this.#facts(waiting, terms, now, leases), ...this.#waiting(waiting, terms, leases) };
    const decision = decideLine(line, now);
    let virtualTime = Infinity;
    for (const request of decision.admitted) {
      const row = rowOf(request);
      if (row === undefined) continue;
      this.#store.putReservation({ ...row, state: 'admitted' });
      this.#scopes.hold(row.scopes, row.cost, terms, now);
      virtualTime = Math.min(virtualTime, row.tag);
      this.#wake(row.sessionId);
    }
    for (const { request, what } of decision.usedUp) {
      const row = rowOf(request);
      if (row === undefined) continue;
      this.#store.putReservation({ ...row, state: `${what}-used-up` });
      moveInLine(this.#store, row.sessionId, -row.weight);
    }
    const plan = this.#store.scope(planId);
    if (virtualTime !== Infinity && virtualTime > plan.virtualTime)
      this.#store.putScope(planId, { ...plan, virtualTime });
    const { nextAt, admitted } = decision;
    const lack = leases === undefined ? { nextAt } : this.#lack(leases, decision, line, terms, now);
    return { ...lack, admitted: admitted.length };
  }

  /** What a larger lease would help, and when to ask for it again. */
  #lack(
    leases: LeaseBooks,
    { nextAt, lacksLease, admitted }: LineDecision,
    line: LineFacts & { readonly lacksSlots: boolean },
    terms: QuotaTerms,
    now: number,
  ): Pick<LeasedRun, 'nextAt' | 'lack'> {
    const { planId } = terms;
    if (lacksLease.length > 0 || line.lacksSlots) {
      const unmet = ({ scopes }: WaitingRequest): boolean => scopes.some((id) => leases.isUnmet(id, planId));
      const asked = lacksLease.every(unmet) && (!line.lacksSlots || leases.isUnmet(planId, planId));
      const againMs = leases.askAgainInMs(planId);
      const ask = againMs === 0 || (!asked && leases.plan(planId)?.away === undefined);
      return { nextAt: Math.min(nextAt ?? Infinity, now + Math.max(1, againMs)), lack: { kind: 'short', ask } };
    }
    const touched = new Set(admitted.flatMap(({ scopes }) => scopes));
    const low = [...touched].some((id) => leases.isLow(scopeOfId(terms, id), line.scopes.get(id)?.limits ?? {}));
    return { nextAt, ...(low && { lack: { kind: 'low' } }) };
  }

  /** Who waits, and the slots for those whose session gave its slot back. */
  #waiting(
    rows: readonly ReservationRow[],
    terms: QuotaTerms,
    leases: LeaseBooks | undefined,
  ): Omit<LineFacts, 'scopes'> & { readonly lacksSlots: boolean } {
    const idle = new Set(this.#store.idleSessionIds(terms.planId));
    if (idle.size === 0) {
      return { freeSlots: 0, waiting: rows.map((row) => waitingRequest(row, undefined)), lacksSlots: false };
    }
    const holders = this.#store.slotHolders(terms.planId);
    const agentSlots = new Map<string, number>();
    const seatless = new Set<string>();
    let lacksSlots = false;
    const waiting = rows.map((row) => {
      if (!idle.has(row.sessionId)) return waitingRequest(row, undefined);
      const agentId = this.#store.session(row.sessionId)?.session.agentId ?? '';
      const own = limitsOfAgent(terms.agents, agentId).concurrentSessions ?? Infinity;
      const held = holders.filter((holder) => holder.agentId === agentId).length;
      const most = slotsAmong(leases, agentScopeId(terms.planId, agentId), terms.planId, own, held);
      agentSlots.set(agentId, most - held);
      seatless.add(row.sessionId);
      lacksSlots ||= most < own && most <= held;
      return waitingRequest(row, agentId);
    });
    const own = terms.plan.concurrentAgents;
    const slots = slotsAmong(leases, terms.planId, terms.planId, own, holders.length);
    lacksSlots ||= slots < own && slots - holders.length < seatless.size;
    return { freeSlots: slots - holders.length, agentSlots, waiting, lacksSlots };
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

function slotsAmong(
  leases: LeaseBooks | undefined,
  scopeId: string,
  planId: string,
  own: number,
  holders: number,
): number {
  return own === Infinity ? own : (leases?.slots(scopeId, planId, own, holders) ?? own);
}

/** @param agentId whose session gave its slot back; undefined for those that have one. */
function waitingRequest(row: ReservationRow, agentId: string | undefined): WaitingRequest {
  const { reservationId: id, sessionId, cost, scopes, tag } = row;
  const request = { id, sessionId, cost, scopes, tag };
  return agentId === undefined
    ? { ...request, needsSlot: false }
    : { ...request, needsSlot: true, limitedAgent: agentId };
}
