import { type LimitReport } from '../core/admission.ts';
import {
  type Charge,
  type Ledger,
  type LedgerView,
  type LineRun,
  type OpeningOutcome,
  type RequestOpening,
  type SessionOpening,
  type UsageEntry,
} from '../core/ledger.ts';
import { type Plan } from '../core/plan.ts';
import { requestCost } from '../core/rateLimits.ts';
import { type EndReason, type LiveSession, type ProcessIdentity, type Session } from '../core/session.ts';
import { viewLedger } from './ledgerView.ts';
import { type EngineRow, type LedgerStore } from './ledgerStore.ts';
import { PlanBooks } from './planBooks.ts';
import { RequestBooks } from './requestBooks.ts';
import { SessionBooks } from './sessionBooks.ts';

/** The ledger on any store of rows: each method is one transaction of the store. */
export class TransactionalLedger implements Ledger {
  readonly #store: LedgerStore;
  readonly #sessions: SessionBooks;
  readonly #requests: RequestBooks;
  readonly #plans: PlanBooks;

  constructor(store: LedgerStore) {
    this.#store = store;
    this.#plans = new PlanBooks(store);
    this.#requests = new RequestBooks(store, this.#plans);
    this.#sessions = new SessionBooks(store, this.#requests, this.#plans);
  }

  join(engineId: string, process: ProcessIdentity, now: number): Promise<void> {
    return this.#store.transaction(() => {
      this.#forget(engineId, now);
      this.#store.putEngine({ engineId, process });
    });
  }

  openSession(opening: SessionOpening, engineId: string, plan: Plan, now: number): Promise<OpeningOutcome> {
    return this.#store.transaction(() => this.#sessions.open(opening, engineId, plan, now));
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

  endSession(sessionId: string, reason: EndReason, now: number): Promise<Session | undefined> {
    return this.#store.transaction(() => this.#sessions.end(sessionId, reason, now));
  }

  idleSession(sessionId: string, now: number): Promise<boolean> {
    return this.#store.transaction(() => this.#sessions.idle(sessionId, now));
  }

  sessionOfTokenHash(tokenHash: string): Promise<Session | undefined> {
    return this.#store.read(() => this.#store.sessionOfTokenHash(tokenHash)?.session);
  }

  liveSessions(): Promise<readonly LiveSession[]> {
    return this.#store.read(() => this.#store.liveSessions());
  }

  enqueue(opening: RequestOpening, engineId: string, plan: Plan, now: number): Promise<LineRun> {
    return this.#store.transaction(() => {
      this.#requests.enqueue(opening, engineId, plan, now);
      return this.#requests.runLine(engineId, plan, now);
    });
  }

  runLine(engineId: string, plan: Plan, now: number): Promise<LineRun> {
    return this.#store.transaction(() => this.#requests.runLine(engineId, plan, now));
  }

  charge(reservationId: string, charge: Charge, plan: Plan, now: number): Promise<void> {
    return this.#store.transaction(() => {
      this.#requests.charge(reservationId, costOf(charge), charge.usage, plan, now);
    });
  }

  settle(
    reservationId: string,
    entry: UsageEntry | undefined,
    charge: Charge,
    plan: Plan,
    now: number,
  ): Promise<boolean> {
    return this.#store.transaction(() => this.#requests.settle(reservationId, entry, costOf(charge), plan, now));
  }

  withdraw(reservationId: string): Promise<void> {
    return this.#store.transaction(() => {
      this.#requests.withdraw(reservationId);
    });
  }

  observe(report: LimitReport, plan: Plan, now: number): Promise<void> {
    return this.#store.transaction(() => {
      this.#plans.observe(report, plan, now);
    });
  }

  engines(): Promise<readonly EngineRow[]> {
    return this.#store.read(() => this.#store.engines());
  }

  forgetEngine(engineId: string, now: number): Promise<void> {
    return this.#store.transaction(() => {
      this.#forget(engineId, now);
      this.#store.removeEngine(engineId);
    });
  }

  view(plan: Plan, now: number): Promise<LedgerView> {
    return this.#store.read(() => viewLedger(this.#store, this.#plans, plan, now));
  }

  onChange(listener: () => void): () => void {
    return this.#store.onChange(listener);
  }

  close(): Promise<void> {
    this.#store.close();
    return Promise.resolve();
  }

  #forget(engineId: string, now: number): void {
    this.#requests.abandon(engineId, now);
    this.#sessions.dropTickets(engineId);
  }
}

function costOf(charge: Charge): ReturnType<typeof requestCost> {
  return requestCost(charge.requests, charge.inputTokens, charge.outputTokens);
}
