import type { LimitReport } from '../core/admission.ts';
import type {
  Charge,
  Ledger,
  LedgerView,
  OpeningOutcome,
  RequestOpening,
  SessionOpening,
  SlotLine,
  UsageEntry,
} from '../core/ledger.ts';
import { termsOfSession, termsOfUsage, type QuotaTerms } from '../core/quotaTerms.ts';
import { requestCost } from '../core/rateLimits.ts';
import type {
  EndReason,
  HeardSource,
  LiveSession,
  LookUp,
  ObservedBy,
  ProcessIdentity,
  Session,
  SessionSteering,
} from '../core/session.ts';
import type { UsageDetail, UsageSum } from '../core/usageSum.ts';
import { viewLedger } from './ledgerView.ts';
import type { EngineRow, LedgerStore } from './ledgerStore.ts';
import type { LeaseBooks } from './leaseBooks.ts';
import { LineBooks, type LeasedRun } from './lineBooks.ts';
import { ScopeBooks } from './scopeBooks.ts';
import { RequestBooks } from './requestBooks.ts';
import { SessionBooks } from './sessionBooks.ts';
import { usageSums } from './usageSums.ts';

/** The ledger on any store of rows: each method is one transaction of the store. */
export class TransactionalLedger implements Ledger {
  readonly #store: LedgerStore;
  readonly #sessions: SessionBooks;
  readonly #requests: RequestBooks;
  readonly #line: LineBooks;
  readonly #scopes: ScopeBooks;

  /** @param leases bounds what is admitted, where the quota is shared with other machines. */
  constructor(store: LedgerStore, leases?: LeaseBooks) {
    this.#store = store;
    this.#scopes = new ScopeBooks(store, leases);
    this.#requests = new RequestBooks(store, this.#scopes);
    this.#line = new LineBooks(store, this.#scopes);
    this.#sessions = new SessionBooks(store, this.#requests, this.#scopes);
  }

  join(engineId: string, process: ProcessIdentity, now: number): Promise<void> {
    return this.#store.transaction(() => {
      this.#forget(engineId, now);
      this.#store.putEngine({ engineId, process });
    });
  }

  openSession(opening: SessionOpening, engineId: string, terms: QuotaTerms, now: number): Promise<OpeningOutcome> {
    return this.#store.transaction(() => this.#sessions.open(opening, engineId, terms, now));
  }

  leaveSlotLine(ticket: string): Promise<void> {
    return this.#store.transaction(() => {
      this.#store.removeTicket(ticket);
    });
  }

  attachProcess(sessionId: string, process: ProcessIdentity): Promise<void> {
    return this.#store.transaction(() => {
      this.#sessions.attachProcess(sessionId, process);
    });
  }

  setObservedBy(sessionId: string, by: ObservedBy): Promise<void> {
    return this.#store.transaction(() => {
      this.#sessions.setObservedBy(sessionId, by);
    });
  }

  noteHeard(sessionId: string, source: HeardSource, now: number): Promise<void> {
    return this.#store.transaction(() => {
      this.#sessions.noteHeard(sessionId, source, now);
    });
  }

  noteTranscript(sessionId: string, path: string): Promise<void> {
    return this.#store.transaction(() => {
      this.#sessions.noteTranscript(sessionId, path);
    });
  }

  moveSessions(engineId: string, planId: string): Promise<void> {
    return this.#store.transaction(() => {
      this.#sessions.move(engineId, planId);
    });
  }

  moveSession(sessionId: string, planId: string): Promise<void> {
    return this.#store.transaction(() => {
      this.#sessions.moveOne(sessionId, planId);
    });
  }

  accounts(terms: QuotaTerms): Promise<{ planId: string; lastAt: number }[]> {
    return this.#store.read(() => this.#scopes.accounts(terms));
  }

  slotLine(terms: QuotaTerms): Promise<SlotLine> {
    return this.#store.read(() => this.#sessions.line(terms));
  }

  endSession(sessionId: string, reason: EndReason, now: number): Promise<Session | undefined> {
    return this.#store.transaction(() => this.#sessions.end(sessionId, reason, now));
  }

  idleSession(sessionId: string, now: number): Promise<boolean> {
    return this.#store.transaction(() => this.#sessions.idle(sessionId, now));
  }

  steerSession(sessionId: string, steering: SessionSteering, now: number): Promise<LiveSession | undefined> {
    return this.#store.transaction(() => this.#sessions.steer(sessionId, steering, now));
  }

  sessionOfTokenHash(tokenHash: string, how?: LookUp): Promise<Session | undefined> {
    const atHand = how === 'at-hand' ? this.#store.sessionAtHand(tokenHash)?.session : undefined;
    if (atHand !== undefined && atHand.state !== 'ended') return Promise.resolve(atHand);
    return this.#store.read(() => this.#store.sessionOfTokenHash(tokenHash)?.session);
  }

  liveSessions(): Promise<readonly LiveSession[]> {
    return this.#store.read(() => this.#store.liveSessions());
  }

  enqueue(opening: RequestOpening, engineId: string, terms: QuotaTerms, now: number): Promise<LeasedRun> {
    return this.#store.transaction(() => {
      this.#requests.enqueue(opening, engineId, terms, now);
      return this.#line.run(engineId, terms, now);
    });
  }

  runLine(engineId: string, terms: QuotaTerms, now: number): Promise<LeasedRun> {
    return this.#store.transaction(() => this.#line.run(engineId, terms, now));
  }

  charge(reservationId: string, charge: Charge, terms: QuotaTerms, now: number): Promise<void> {
    return this.#store.unhurried(() => {
      this.#requests.charge(reservationId, costOf(charge), charge.usage, terms, now);
    });
  }

  settle(
    reservationId: string,
    entry: UsageEntry | undefined,
    charge: Charge,
    terms: QuotaTerms,
    now: number,
  ): Promise<boolean> {
    return this.#store.unhurried(() => this.#requests.settle(reservationId, entry, costOf(charge), terms, now));
  }

  withdraw(reservationId: string): Promise<void> {
    return this.#store.transaction(() => {
      this.#requests.withdraw(reservationId);
    });
  }

  book(sessionId: string, entry: UsageEntry, terms: QuotaTerms, now: number, turnId?: string): Promise<boolean> {
    return this.#store.transaction(() => this.#requests.book(sessionId, entry, terms, now, turnId));
  }

  bookBeside(
    sessionId: string,
    entries: readonly UsageEntry[],
    terms: QuotaTerms,
    now: number,
  ): Promise<readonly UsageEntry[]> {
    return this.#store.transaction(() =>
      entries.filter((entry) => this.#requests.bookBeside(sessionId, entry, terms, now)),
    );
  }

  forgetUsageBefore(at: number): Promise<number> {
    return this.#store.transaction(() => this.#store.dropBefore(at));
  }

  observe(report: LimitReport, terms: QuotaTerms, now: number, sessionId?: string): Promise<void> {
    return this.#store.unhurried(() => {
      this.#scopes.observe(report, this.#termsOf(terms, sessionId, termsOfUsage), now);
    });
  }

  engines(): Promise<readonly EngineRow[]> {
    return this.#store.read(() => this.#store.engines());
  }

  forgetEngine(engineId: string, now: number, gone?: ProcessIdentity): Promise<void> {
    return this.#store.transaction(() => {
      if (gone !== undefined && !this.#runsIn(engineId, gone)) return;
      this.#forget(engineId, now);
      this.#store.removeEngine(engineId);
    });
  }

  usage(from: number, to: number, stepMs: number, detail: UsageDetail): Promise<UsageSum[]> {
    return usageSums(this.#store, { from, to, stepMs, detail });
  }

  view(terms: QuotaTerms, now: number, sessionId?: string): Promise<LedgerView> {
    return this.#store.read(() => viewLedger(this.#store, this.#scopes, this.#termsOf(terms, sessionId), now));
  }

  onChange(listener: () => void): () => void {
    return this.#store.onChange(listener);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #termsOf(terms: QuotaTerms, sessionId: string | undefined, of = termsOfSession): QuotaTerms {
    const session = sessionId === undefined ? undefined : this.#store.session(sessionId)?.session;
    return session === undefined ? terms : of(terms, session);
  }

  #runsIn(engineId: string, { pid, startMark }: ProcessIdentity): boolean {
    const process = this.#store.engines().find((engine) => engine.engineId === engineId)?.process;
    return process?.pid === pid && process.startMark === startMark;
  }

  #forget(engineId: string, now: number): void {
    this.#requests.abandon(engineId, now);
    this.#sessions.dropTickets(engineId);
  }
}

function costOf(charge: Charge): ReturnType<typeof requestCost> {
  return requestCost(charge.requests, charge.inputTokens, charge.outputTokens);
}
