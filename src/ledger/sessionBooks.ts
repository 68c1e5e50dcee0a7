import { allocate } from '../core/allocation.ts';
import { calendarDay } from '../core/calendarDay.ts';
import { planIdOf, type OpeningOutcome, type SessionOpening } from '../core/ledger.ts';
import { type Plan } from '../core/plan.ts';
import { type EndReason, type LiveSession, type ProcessIdentity, type Session } from '../core/session.ts';
import { decideSlot } from '../core/slotLine.ts';
import { noUsage, quotaTokens } from '../core/usage.ts';
import { type LedgerStore } from './ledgerStore.ts';
import { type PlanBooks } from './planBooks.ts';
import { type RequestBooks } from './requestBooks.ts';

/** What the ledger keeps of sessions and of the line for slots. Every method runs within a transaction. */
export class SessionBooks {
  readonly #store: LedgerStore;
  readonly #requests: RequestBooks;
  readonly #plans: PlanBooks;

  constructor(store: LedgerStore, requests: RequestBooks, plans: PlanBooks) {
    this.#store = store;
    this.#requests = requests;
    this.#plans = plans;
  }

  open(opening: SessionOpening, engineId: string, plan: Plan, now: number): OpeningOutcome {
    const planId = planIdOf(plan);
    if (opening.mode !== 'unauthenticated') {
      const day = this.#plans.day(plan, now);
      if (day !== undefined && day.used >= day.limit) {
        this.#store.removeTicket(opening.ticket);
        return { kind: 'day-used-up', until: calendarDay(now).endsAt };
      }
      const refused = this.#awaitSlot(opening, engineId, plan, now);
      if (refused !== undefined) return refused;
    }
    const usedToday = quotaTokens(this.#store.day(planId, calendarDay(now).key).usage);
    const allocation = allocate(plan, usedToday);
    const session: LiveSession = {
      state: 'active',
      sessionId: opening.sessionId,
      agentId: opening.agentId,
      planId,
      mode: opening.mode,
      allocation,
      process: opening.process,
      workspace: opening.workspace,
      createdAt: now,
      lastActivityAt: now,
      usage: noUsage,
      requests: 0,
    };
    this.#store.putSession({ session, tokenHash: opening.tokenHash, finishTag: this.#store.plan(planId).virtualTime });
    return { kind: 'opened', session, allocation };
  }

  /** Takes the ticket out of the line when a slot is free for it; else keeps or drops its place. */
  #awaitSlot(opening: SessionOpening, engineId: string, plan: Plan, now: number): OpeningOutcome | undefined {
    const planId = planIdOf(plan);
    const holders = this.#store.slotHolders(planId);
    const decision = decideSlot(this.#store.tickets(planId), opening.ticket, holders.length, plan.concurrentAgents);
    if (decision.kind === 'free') {
      this.#store.removeTicket(opening.ticket);
      return undefined;
    }
    const running = holders.map(({ agentId }) => agentId);
    if (!opening.wait) {
      this.#store.removeTicket(opening.ticket);
      return { kind: 'no-slot', place: undefined, running };
    }
    const since = decision.since ?? now;
    const { ticket, agentId } = opening;
    if (decision.since === undefined) this.#store.putTicket({ ticket, agentId, engineId, planId, since });
    return { kind: 'no-slot', place: { ticket, agentId, place: decision.place, waitingSince: since }, running };
  }

  dropTickets(engineId: string): void {
    for (const row of this.#store.ticketsOfEngine(engineId)) this.#store.removeTicket(row.ticket);
  }

  attachProcess(sessionId: string, process: ProcessIdentity): void {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return;
    this.#store.putSession({ ...row, session: { ...row.session, process } });
  }

  end(sessionId: string, reason: EndReason, now: number): Session | undefined {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return undefined;
    this.#requests.dropWaiting(sessionId);
    const ended: Session = { ...withoutIdle(row.session), state: 'ended', endedAt: now, endReason: reason };
    this.#store.putSession({ ...row, session: ended });
    return ended;
  }

  idle(sessionId: string, now: number): boolean {
    const row = this.#store.session(sessionId);
    if (row?.session.state !== 'active' || this.#requests.busy(sessionId)) return false;
    this.#store.putSession({ ...row, session: { ...row.session, state: 'idle', idleSince: now } });
    return true;
  }
}

function withoutIdle(session: LiveSession): Omit<LiveSession, 'idleSince' | 'state'> {
  if (session.state === 'active') return session;
  const { idleSince, ...rest } = session;
  return rest;
}
