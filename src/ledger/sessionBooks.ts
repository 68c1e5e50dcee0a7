import { allocate } from '../core/allocation.ts';
import { calendarDay } from '../core/calendarDay.ts';
import { limitsOfAgent } from '../core/agentRules.ts';
import type { OpeningOutcome, SessionOpening, SlotLine } from '../core/ledger.ts';
import { windowsClosedUntil } from '../core/planWindow.ts';
import { worthWaitingMs } from '../core/requestLine.ts';
import { agentScope, agentScopeId, planScope, type QuotaTerms } from '../core/quotaTerms.ts';
import type {
  EndedSession,
  EndReason,
  HeardSource,
  LiveSession,
  ObservedBy,
  ProcessIdentity,
  Session,
  SessionSteering,
} from '../core/session.ts';
import { decideSlot, type SlotFacts } from '../core/slotLine.ts';
import { noUsage, quotaTokens } from '../core/usage.ts';
import type { LedgerStore } from './ledgerStore.ts';
import type { RequestBooks } from './requestBooks.ts';
import type { ScopeBooks } from './scopeBooks.ts';

/** An agent begins another with each `/clear`; the oldest of more are read to their end by then. */
const mostTranscripts = 20;

/** What the ledger keeps of sessions and of the line for slots. Every method runs within a transaction. */
export class SessionBooks {
  readonly #store: LedgerStore;
  readonly #requests: RequestBooks;
  readonly #scopes: ScopeBooks;

  constructor(store: LedgerStore, requests: RequestBooks, scopes: ScopeBooks) {
    this.#store = store;
    this.#requests = requests;
    this.#scopes = scopes;
  }

  open(opening: SessionOpening, engineId: string, terms: QuotaTerms, now: number): OpeningOutcome {
    const { agentId, idleWithoutSlot = false, parentSessionId } = opening;
    const planId = terms.planId;
    let hasSlot = true;
    if (opening.mode !== 'unauthenticated') {
      // Who is given a session without a slot has no place in line: its ticket would keep a slot free for ever.
      const seeker = idleWithoutSlot ? { ...opening, wait: false } : opening;
      const refused = this.#usedUp(agentId, terms, now) ?? this.#awaitSlot(seeker, engineId, terms, now);
      hasSlot = refused === undefined;
      if (refused?.kind === 'used-up') this.#store.removeTicket(opening.ticket);
      if (refused !== undefined && !idleWithoutSlot) return refused;
    }
    const usedToday =
      this.#scopes.day(planScope(terms), terms, now)?.used ??
      quotaTokens(this.#store.day(planId, calendarDay(now).key).usage) +
        (this.#scopes.leases?.usedTodayByOthers(planId, now) ?? 0);
    const allocation = allocate(terms.plan, limitsOfAgent(terms.agents, agentId), usedToday);
    const session: LiveSession = {
      ...(hasSlot ? { state: 'active' } : { state: 'idle', idleSince: now }),
      sessionId: opening.sessionId,
      agentId,
      planId,
      mode: opening.mode,
      allocation,
      process: opening.process,
      workspace: opening.workspace,
      createdAt: now,
      lastActivityAt: now,
      usage: noUsage,
      requests: 0,
      ...(parentSessionId !== undefined && { parentSessionId }),
    };
    const finishTag = this.#store.scope(planId).virtualTime;
    this.#store.putSession({ session, tokenHash: opening.tokenHash, engineId, finishTag });
    return { kind: 'opened', session, allocation };
  }

  /** Limits that are reached for long admit no new agent. */
  #usedUp(agentId: string, terms: QuotaTerms, now: number): (OpeningOutcome & { kind: 'used-up' }) | undefined {
    const plan = planScope(terms);
    const closedUntil = windowsClosedUntil(this.#store.scope(plan.id).windows, now);
    if (closedUntil !== undefined && closedUntil - now > worthWaitingMs)
      return { kind: 'used-up', what: 'window', until: closedUntil };
    for (const scope of [plan, agentScope(terms, agentId)]) {
      const day = this.#scopes.day(scope, terms, now);
      if (day !== undefined && day.used >= day.limit) {
        return { kind: 'used-up', what: day.whose === 'plan' ? 'day' : 'agent-day', until: calendarDay(now).endsAt };
      }
    }
    return undefined;
  }

  /** Takes the ticket out of the line when a slot is free for it; else keeps or drops its place. */
  #awaitSlot(
    opening: SessionOpening,
    engineId: string,
    terms: QuotaTerms,
    now: number,
  ): (OpeningOutcome & { kind: 'no-slot' }) | undefined {
    const planId = terms.planId;
    const { ticket, agentId } = opening;
    const facts = this.#slotFacts(terms);
    const running = facts.holders;
    const decision = decideSlot(facts, ticket, agentId);
    if (decision.kind === 'free') {
      this.#store.removeTicket(ticket);
      return undefined;
    }
    if (!opening.wait) {
      this.#store.removeTicket(ticket);
      return { kind: 'no-slot', place: undefined, running };
    }
    const since = decision.since ?? now;
    if (decision.since === undefined) this.#store.putTicket({ ticket, agentId, engineId, planId, since });
    return { kind: 'no-slot', place: { ticket, agentId, place: decision.place, waitingSince: since }, running };
  }

  #slotFacts(terms: QuotaTerms): SlotFacts {
    const own = this.ownSlotFacts(terms);
    const { leases } = this.#scopes;
    if (leases === undefined) return own;
    const { planId } = terms;
    return {
      ...own,
      slots: leases.slots(planId, planId, own.slots, own.holders.length),
      slotsOfAgent: (name) => {
        const ofAgent = own.slotsOfAgent(name);
        const holders = own.holders.filter((holder) => holder === name).length;
        return ofAgent === undefined ? undefined : leases.slots(agentScopeId(planId, name), planId, ofAgent, holders);
      },
    };
  }

  /**
   * Whether nothing but a larger lease is lacking for a slot, and asking for it now makes sense.
   * @param caller who wants one, in line already or not; undefined for whoever is in line.
   */
  asksForSlot(terms: QuotaTerms, caller?: { readonly ticket: string; readonly agentId: string }): boolean {
    const { leases } = this.#scopes;
    if (leases === undefined) return false;
    const { planId } = terms;
    const own = this.ownSlotFacts(terms);
    const leased = this.#slotFacts(terms);
    const callers = caller === undefined ? own.line : [caller];
    const lacking = callers.filter(
      ({ ticket, agentId }) =>
        decideSlot(own, ticket, agentId).kind === 'free' && decideSlot(leased, ticket, agentId).kind !== 'free',
    );
    if (lacking.length === 0) return false;
    if (leases.askAgainInMs(planId) === 0) return true;
    const unmet = [planId, ...lacking.map(({ agentId }) => agentScopeId(planId, agentId))];
    return leases.plan(planId)?.away === undefined && !unmet.some((id) => leases.isUnmet(id, planId));
  }

  /** What the settings alone say of slots. */
  ownSlotFacts(terms: QuotaTerms): SlotFacts {
    return {
      slots: terms.plan.concurrentAgents,
      holders: this.#store.slotHolders(terms.planId).map(({ agentId }) => agentId),
      line: this.#store.tickets(terms.planId),
      slotsOfAgent: (name) => limitsOfAgent(terms.agents, name).concurrentSessions,
    };
  }

  /** The line as it is, without giving anything out. */
  line(terms: QuotaTerms): SlotLine {
    const facts = this.#slotFacts(terms);
    const ready = facts.line.filter(({ ticket, agentId }) => decideSlot(facts, ticket, agentId).kind === 'free');
    return {
      places: facts.line.map(({ ticket, agentId, since }, index) => ({
        ticket,
        agentId,
        place: index + 1,
        waitingSince: since,
      })),
      ready: new Set(ready.map(({ ticket }) => ticket)),
      running: facts.holders,
    };
  }

  dropTickets(engineId: string): void {
    for (const row of this.#store.ticketsOfEngine(engineId)) this.#store.removeTicket(row.ticket);
  }

  attachProcess(sessionId: string, process: ProcessIdentity): void {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return;
    this.#store.putSession({ ...row, session: { ...row.session, process } });
  }

  setObservedBy(sessionId: string, observedBy: ObservedBy): void {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return;
    this.#store.putSession({ ...row, session: { ...row.session, observedBy } });
  }

  noteHeard(sessionId: string, source: HeardSource, now: number): void {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended' || row.session.heard?.[source] !== undefined) return;
    this.#store.putSession({ ...row, session: { ...row.session, heard: { ...row.session.heard, [source]: now } } });
  }

  noteTranscript(sessionId: string, path: string): void {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return;
    const { transcripts = [] } = row.session;
    if (transcripts.includes(path)) return;
    const latest = [...transcripts, path].slice(-mostTranscripts);
    this.#store.putSession({ ...row, session: { ...row.session, transcripts: latest } });
  }

  end(sessionId: string, reason: EndReason, now: number): Session | undefined {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return undefined;
    // An observed agent's requests do not come through here: what it holds are turns.
    this.#requests.dropWaiting(sessionId, row.session.mode === 'observed');
    const ended: Session = { ...withoutLife(row.session), state: 'ended', endedAt: now, endReason: reason };
    this.#store.putSession({ ...row, session: ended });
    return ended;
  }

  steer(sessionId: string, steering: SessionSteering, now: number): LiveSession | undefined {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return undefined;
    const { pausedAt, weight, ...rest } = row.session;
    const paused = steering.paused ?? pausedAt !== undefined;
    const weighs = steering.weight === undefined ? weight : (steering.weight ?? undefined);
    const session: LiveSession = {
      ...rest,
      ...(paused && { pausedAt: pausedAt ?? now }),
      ...(weighs !== undefined && { weight: weighs }),
    };
    this.#store.putSession({ ...row, session });
    return session;
  }

  /** The engine works for another plan now: so do its sessions, and hold that plan's slots. */
  move(engineId: string, planId: string): void {
    for (const row of this.#store.sessionsOfEngine(engineId)) {
      const { accountTold = false, ...session } = withoutPlace(row.session);
      if (accountTold && kindOf(session.planId) === kindOf(planId)) continue;
      const finishTag = this.#store.scope(planId).virtualTime;
      this.#store.putSession({ ...row, session: { ...session, planId }, finishTag });
    }
  }

  moveOne(sessionId: string, planId: string): void {
    const row = this.#store.session(sessionId);
    if (row === undefined || row.session.state === 'ended') return;
    const { planId: before } = row.session;
    const stays = before === planId;
    const session = { ...(stays ? row.session : withoutPlace(row.session)), planId, accountTold: true } as const;
    this.#store.putSession({
      ...row,
      session,
      finishTag: stays ? row.finishTag : this.#store.scope(planId).virtualTime,
    });
    // What was told of windows while nobody knew whose they are may be this account's or another's.
    if (before === kindOf(before)) this.#scopes.forgetWindows(before);
    this.#scopes.know(planId);
  }

  idle(sessionId: string, now: number): boolean {
    const row = this.#store.session(sessionId);
    if (row?.session.state !== 'active' || this.#requests.busy(sessionId)) return false;
    this.#store.putSession({ ...row, session: { ...row.session, state: 'idle', idleSince: now } });
    return true;
  }
}

/** Of a plan, by its record; see `QuotaTerms`. */
function kindOf(planId: string): string {
  return planId.split('-', 1)[0] ?? planId;
}

/** In another line its place is another. */
function withoutPlace(session: Session): Session {
  if (session.state === 'ended') return session;
  const { placeKept, ...rest } = session;
  return rest;
}

function withoutLife(session: LiveSession): Omit<EndedSession, 'state' | 'endedAt' | 'endReason'> {
  const { state, pausedAt, weight, placeKept, ...rest } = session;
  if (!('idleSince' in rest)) return rest;
  const { idleSince, ...base } = rest;
  return base;
}
