import type { UsageEntry } from '../core/ledger.ts';
import type { LiveSession } from '../core/session.ts';
import type { SubagentUsage } from '../core/subagent.ts';
import type { UsageSum } from '../core/usageSum.ts';
import { KnownGroups, KnownRows } from './knownRows.ts';
import {
  type DayRow,
  type EngineRow,
  newScope,
  type LedgerRows,
  type ReservationRow,
  type ScopeRow,
  type SessionRow,
  type SlotTicketRow,
  type UsageBooking,
} from './ledgerStore.ts';
import type { SharedRows } from './sharedRows.ts';

/**
 * Rows that are read from others once and written to them once a transaction, however often a transaction reads and
 * writes them: those that each request touches. Whoever uses it says when the rows below may have changed
 * (`invalidate`), and writes what is changed before a transaction ends (`flush`).
 */
export class CachedRows implements LedgerRows {
  readonly #rows: LedgerRows;
  readonly #sessions = new KnownRows<SessionRow>();
  /** By the hash of the session's token. */
  readonly #sessionIds = new Map<string, string>();
  readonly #idle = new KnownGroups<string>();
  readonly #reservations = new KnownRows<ReservationRow>();
  readonly #waiting = new KnownGroups<ReservationRow>();
  readonly #decided = new KnownGroups<ReservationRow>();
  readonly #scopes = new KnownRows<ScopeRow>();
  readonly #days = new Map<string, DayRow>();

  constructor(rows: LedgerRows) {
    this.#rows = rows;
  }

  /** Forgets everything, also what is changed and not written. */
  invalidate(): void {
    for (const known of [this.#sessions, this.#idle, this.#reservations, this.#waiting, this.#decided, this.#scopes]) {
      known.clear();
    }
    this.#sessionIds.clear();
    this.#days.clear();
  }

  /** Writes what is changed. */
  flush(): void {
    this.#flushSessions();
    this.#flushReservations();
    this.#flushScopes();
  }

  putSession(row: SessionRow): void {
    const { session, tokenHash } = row;
    this.#sessions.put(session.sessionId, row);
    this.#sessionIds.set(tokenHash, session.sessionId);
    this.#idle.move(session.sessionId, session.sessionId, session.state === 'idle' ? session.planId : undefined);
  }

  session(sessionId: string): SessionRow | undefined {
    return this.#sessions.get(sessionId, () => this.#rows.session(sessionId));
  }

  sessionOfTokenHash(tokenHash: string): SessionRow | undefined {
    const sessionId = this.#sessionIds.get(tokenHash);
    if (sessionId !== undefined) return this.session(sessionId);
    const row = this.#rows.sessionOfTokenHash(tokenHash);
    if (row === undefined) return undefined;
    this.#sessionIds.set(tokenHash, row.session.sessionId);
    this.#sessions.learn(row.session.sessionId, row);
    return row;
  }

  /** Without looking whether the rows below have changed; undefined where it is not known. */
  sessionAtHand(tokenHash: string): SessionRow | undefined {
    const sessionId = this.#sessionIds.get(tokenHash);
    return sessionId === undefined ? undefined : this.#sessions.known(sessionId);
  }

  liveSessions(): LiveSession[] {
    this.#flushSessions();
    return this.#rows.liveSessions();
  }

  hasLiveSessions(planId: string): boolean {
    this.#flushSessions();
    return this.#rows.hasLiveSessions(planId);
  }

  idleSessionIds(planId: string): string[] {
    return this.#idle.rows(planId, () => {
      this.#flushSessions();
      return this.#rows.idleSessionIds(planId).map((id) => [id, id] as const);
    });
  }

  sessionsOfEngine(engineId: string): SessionRow[] {
    this.#flushSessions();
    return this.#rows.sessionsOfEngine(engineId);
  }

  slotHolders(planId: string): { readonly sessionId: string; readonly agentId: string }[] {
    this.#flushSessions();
    return this.#rows.slotHolders(planId);
  }

  putTicket(row: SlotTicketRow): void {
    this.#rows.putTicket(row);
  }

  removeTicket(ticket: string): void {
    this.#rows.removeTicket(ticket);
  }

  tickets(planId: string): SlotTicketRow[] {
    return this.#rows.tickets(planId);
  }

  ticketsOfEngine(engineId: string): SlotTicketRow[] {
    return this.#rows.ticketsOfEngine(engineId);
  }

  putReservation(row: ReservationRow): void {
    const { reservationId: id, state, planId, engineId } = row;
    this.#reservations.put(id, row);
    this.#waiting.move(id, row, state === 'waiting' ? planId : undefined);
    this.#decided.move(id, row, state === 'waiting' || state === 'running' ? undefined : engineId);
  }

  reservation(reservationId: string): ReservationRow | undefined {
    return this.#reservations.get(reservationId, () => this.#rows.reservation(reservationId));
  }

  removeReservation(reservationId: string): void {
    this.#reservations.remove(reservationId);
    this.#waiting.remove(reservationId);
    this.#decided.remove(reservationId);
  }

  waitingReservations(planId: string): ReservationRow[] {
    return this.#waiting.rows(planId, () => {
      this.#flushReservations();
      return keyed(this.#rows.waitingReservations(planId));
    });
  }

  reservationsOfEngine(engineId: string): ReservationRow[] {
    this.#flushReservations();
    return this.#rows.reservationsOfEngine(engineId);
  }

  decidedReservations(engineId: string): ReservationRow[] {
    return this.#decided.rows(engineId, () => {
      this.#flushReservations();
      return keyed(this.#rows.decidedReservations(engineId));
    });
  }

  tokensUnderWay(scopeId: string): number {
    this.#flushReservations();
    return this.#rows.tokensUnderWay(scopeId);
  }

  reservationsOfSession(sessionId: string): ReservationRow[] {
    this.#flushReservations();
    return this.#rows.reservationsOfSession(sessionId);
  }

  reservationActivity(): Pick<ReservationRow, 'sessionId' | 'planId' | 'state' | 'usage'>[] {
    this.#flushReservations();
    return this.#rows.reservationActivity();
  }

  scope(scopeId: string): ScopeRow {
    return this.#scopes.get(scopeId, () => this.#rows.scope(scopeId)) ?? newScope;
  }

  putScope(scopeId: string, row: ScopeRow): void {
    this.#scopes.put(scopeId, row);
  }

  planIds(): string[] {
    this.#flushScopes();
    return this.#rows.planIds();
  }

  scopeIds(planId: string): string[] {
    this.#flushScopes();
    return this.#rows.scopeIds(planId);
  }

  day(scopeId: string, day: string): DayRow {
    const key = dayKey(scopeId, day);
    const row = this.#days.get(key) ?? this.#rows.day(scopeId, day);
    this.#days.set(key, row);
    return row;
  }

  addUsage(entry: UsageEntry, booking: UsageBooking): boolean {
    for (const scopeId of booking.scopeIds) this.#days.delete(dayKey(scopeId, booking.day));
    return this.#rows.addUsage(entry, booking);
  }

  usagePosition(at: number): number {
    return this.#rows.usagePosition(at);
  }

  usageSums(...args: Parameters<LedgerRows['usageSums']>): UsageSum[] {
    return this.#rows.usageSums(...args);
  }

  subagentUsage(): ReadonlyMap<string, readonly SubagentUsage[]> {
    this.#flushSessions();
    return this.#rows.subagentUsage();
  }

  dropBefore(at: number): number {
    this.flush();
    this.invalidate();
    return this.#rows.dropBefore(at);
  }

  get shared(): SharedRows {
    return this.#rows.shared;
  }

  putEngine(row: EngineRow): void {
    this.#rows.putEngine(row);
  }

  removeEngine(engineId: string): void {
    this.#rows.removeEngine(engineId);
  }

  engines(): EngineRow[] {
    return this.#rows.engines();
  }

  /** Ended sessions are seldom asked for again, and would pile up here. */
  #flushSessions(): void {
    this.#sessions.flush((sessionId, row) => {
      if (row === undefined) return;
      this.#rows.putSession(row);
      if (row.session.state !== 'ended') return;
      this.#sessions.forget(sessionId);
      this.#sessionIds.delete(row.tokenHash);
    });
  }

  #flushReservations(): void {
    this.#reservations.flush((id, row) => {
      if (row === undefined) this.#rows.removeReservation(id);
      else this.#rows.putReservation(row);
    });
  }

  #flushScopes(): void {
    this.#scopes.flush((id, row) => {
      if (row !== undefined) this.#rows.putScope(id, row);
    });
  }
}

function keyed(rows: readonly ReservationRow[]): (readonly [string, ReservationRow])[] {
  return rows.map((row) => [row.reservationId, row] as const);
}

function dayKey(scopeId: string, day: string): string {
  return `${day} ${scopeId}`;
}
