import type { Charge, UsageEntry } from '../core/ledger.ts';
import type { QuotaTerms } from '../core/quotaTerms.ts';
import type {
  HeardSource,
  LiveSession,
  LookUp,
  ObservedBy,
  ProcessIdentity,
  Session,
  SessionSteering,
} from '../core/session.ts';
import type { UsageDetail, UsageSum } from '../core/usageSum.ts';
import type { EngineRow } from './ledgerStore.ts';
import type { TransactionalLedger } from './transactionalLedger.ts';

/** What a machine's own ledger does alone, whoever it shares its quota with. */
export class LocalRecord {
  protected readonly local: TransactionalLedger;

  constructor(local: TransactionalLedger) {
    this.local = local;
  }

  leaveSlotLine(ticket: string): Promise<void> {
    return this.local.leaveSlotLine(ticket);
  }

  attachProcess(sessionId: string, process: ProcessIdentity): Promise<void> {
    return this.local.attachProcess(sessionId, process);
  }

  setObservedBy(sessionId: string, by: ObservedBy): Promise<void> {
    return this.local.setObservedBy(sessionId, by);
  }

  noteHeard(sessionId: string, source: HeardSource, now: number): Promise<void> {
    return this.local.noteHeard(sessionId, source, now);
  }

  noteTranscript(sessionId: string, path: string): Promise<void> {
    return this.local.noteTranscript(sessionId, path);
  }

  moveSessions(engineId: string, planId: string): Promise<void> {
    return this.local.moveSessions(engineId, planId);
  }

  moveSession(sessionId: string, planId: string): Promise<void> {
    return this.local.moveSession(sessionId, planId);
  }

  accounts(terms: QuotaTerms): Promise<readonly { readonly planId: string; readonly lastAt: number }[]> {
    return this.local.accounts(terms);
  }

  steerSession(sessionId: string, steering: SessionSteering, now: number): Promise<LiveSession | undefined> {
    return this.local.steerSession(sessionId, steering, now);
  }

  sessionOfTokenHash(tokenHash: string, how?: LookUp): Promise<Session | undefined> {
    return this.local.sessionOfTokenHash(tokenHash, how);
  }

  liveSessions(): Promise<readonly LiveSession[]> {
    return this.local.liveSessions();
  }

  charge(reservationId: string, charge: Charge, terms: QuotaTerms, now: number): Promise<void> {
    return this.local.charge(reservationId, charge, terms, now);
  }

  settle(
    reservationId: string,
    entry: UsageEntry | undefined,
    charge: Charge,
    terms: QuotaTerms,
    now: number,
  ): Promise<boolean> {
    return this.local.settle(reservationId, entry, charge, terms, now);
  }

  withdraw(reservationId: string): Promise<void> {
    return this.local.withdraw(reservationId);
  }

  book(sessionId: string, entry: UsageEntry, terms: QuotaTerms, now: number, turnId?: string): Promise<boolean> {
    return this.local.book(sessionId, entry, terms, now, turnId);
  }

  bookBeside(
    sessionId: string,
    entries: readonly UsageEntry[],
    terms: QuotaTerms,
    now: number,
  ): Promise<readonly UsageEntry[]> {
    return this.local.bookBeside(sessionId, entries, terms, now);
  }

  engines(): Promise<readonly EngineRow[]> {
    return this.local.engines();
  }

  forgetEngine(engineId: string, now: number, gone?: ProcessIdentity): Promise<void> {
    return this.local.forgetEngine(engineId, now, gone);
  }

  forgetUsageBefore(at: number): Promise<number> {
    return this.local.forgetUsageBefore(at);
  }

  usage(from: number, to: number, stepMs: number, detail: UsageDetail): Promise<readonly UsageSum[]> {
    return this.local.usage(from, to, stepMs, detail);
  }
}
