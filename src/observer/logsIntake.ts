import type { KnownOwner, LimitReport } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import type { Problem } from '../core/credentials.ts';
import type { UsageEntry } from '../core/ledger.ts';
import type { Session } from '../core/session.ts';
import { observedTrouble } from './observedTrouble.ts';
import type { ExportResult, OtlpRecord } from './otlpRecord.ts';
import { readEvent } from './telemetryEvent.ts';

/** Where what telemetry says is written. */
export interface TelemetryBooks {
  /** Once per request id. @returns false when it was booked before. */
  book(sessionId: string, entry: UsageEntry): Promise<boolean>;
  observe(report: LimitReport, sessionId: string): Promise<void>;
  /** The session's telemetry was heard, and names its requests or does not; more than once. */
  heard(session: Session, source: 'telemetry' | 'unnamed'): void;
  /** The session's agent runs on an account. @param digest of who it is. */
  accountTold(session: Session, digest: string): Promise<void>;
  /** A request of an observed agent has failed for good; undefined: one was answered. */
  trouble(problem: Problem | undefined): void;
}

/** Claude Code sends its last events while it ends; they may come when its session has ended already. */
const lateMs = 60_000;

/** Makes a digest of who an account is, from which that cannot be had. */
export type AccountDigest = (account: string) => string;

/** Takes in what a session's telemetry says of its requests. */
export class LogsIntake {
  readonly #books: TelemetryBooks;
  readonly #digest: AccountDigest;
  readonly #clock: Clock;

  constructor(books: TelemetryBooks, digest: AccountDigest, clock: Clock) {
    this.#books = books;
    this.#digest = digest;
    this.#clock = clock;
  }

  /** Whether a session's telemetry is taken in: that of observed ones, and for a moment after their end. */
  mayReport({ session }: KnownOwner): boolean {
    if (session.mode !== 'observed') return false;
    return session.state !== 'ended' || this.#clock.now() - session.endedAt <= lateMs;
  }

  /** What is thrown leaves the rest for the exporter to send again; what is booked by then is not counted twice. */
  async take({ session }: KnownOwner, records: readonly OtlpRecord[]): Promise<ExportResult> {
    const { sessionId } = session;
    let rejectedRecords = 0;
    let told: string | undefined;
    for (const record of records) {
      const event = readEvent(record);
      const account = event.kind === 'request' || event.kind === 'error' ? event.account : undefined;
      if (account !== undefined && account !== told) {
        // Before the request is booked: it is that account's.
        await this.#books.accountTold(session, this.#digest(account));
        told = account;
      }
      if (event.kind === 'request') {
        this.#books.heard(session, 'telemetry');
        if (!event.isNamed) this.#books.heard(session, 'unnamed');
        await this.#books.book(sessionId, event.entry);
        this.#books.trouble(undefined);
      } else if (event.kind === 'error') await this.#failed(sessionId, event.status, event.model);
      else if (event.kind === 'unreadable') rejectedRecords += 1;
    }
    const message = rejectedRecords === 0 ? '' : 'An api_request without whole numbers of tokens cannot be counted.';
    return { rejectedRecords, message };
  }

  async #failed(sessionId: string, status: number, model: string | undefined): Promise<void> {
    const report = { limits: [], retryAfterMs: undefined, limited: true, model, windows: [] };
    if (status === 429) await this.#books.observe(report, sessionId);
    const problem = observedTrouble(status);
    if (problem !== undefined) this.#books.trouble(problem);
  }
}
