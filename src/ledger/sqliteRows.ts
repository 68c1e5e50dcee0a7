import type { SQLInputValue } from 'node:sqlite';
import type * as z from 'zod';
import type { UsageEntry } from '../core/ledger.ts';
import type { LiveSession } from '../core/session.ts';
import type { SubagentUsage } from '../core/subagent.ts';
import type { UsageSum } from '../core/usageSum.ts';
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
  type UsageRange,
} from './ledgerStore.ts';
import type { SqliteConnection } from './sqliteConnection.ts';
import { rowSchemas } from './sqliteRowSchemas.ts';
import type { SharedRows } from './sharedRows.ts';
import { SqliteSharedRows } from './sqliteSharedRows.ts';
import { SqliteUsage } from './sqliteUsage.ts';

/**
 * The condition of the index of live sessions, word for word: a query that has it reads no ended session, of which there
 * may be many thousands. So does one whose order is not that of the table (`+rowid`).
 */
const live = `state <> 'ended'`;

/** Rows in an SQLite file, each written at once; within a transaction of the connection. */
export class SqliteRows implements LedgerRows {
  readonly shared: SharedRows;
  readonly #connection: SqliteConnection;
  readonly #usage: SqliteUsage;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    this.#usage = new SqliteUsage(connection);
    this.shared = new SqliteSharedRows(connection);
  }

  putSession({ session, tokenHash, engineId, finishTag }: SessionRow): void {
    const record = JSON.stringify(session);
    // What changes with every request is in no index; naming the other columns would rewrite their index too.
    const updated = this.#run(
      'UPDATE session SET finish_tag = ?, record = ? WHERE session_id = ? AND state = ? AND plan_id = ?',
      finishTag,
      record,
      session.sessionId,
      session.state,
      session.planId,
    );
    if (updated > 0) return;
    this.#run(
      `INSERT INTO session (session_id, token_hash, engine_id, plan_id, agent_id, mode, state, finish_tag, record)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (session_id) DO UPDATE SET plan_id = excluded.plan_id, state = excluded.state,
         finish_tag = excluded.finish_tag, record = excluded.record`,
      session.sessionId,
      tokenHash,
      engineId,
      session.planId,
      session.agentId,
      session.mode,
      session.state,
      finishTag,
      record,
    );
  }

  session(sessionId: string): SessionRow | undefined {
    return this.#row(rowSchemas.session, 'SELECT * FROM session WHERE session_id = ?', sessionId);
  }

  sessionOfTokenHash(tokenHash: string): SessionRow | undefined {
    return this.#row(rowSchemas.session, 'SELECT * FROM session WHERE token_hash = ?', tokenHash);
  }

  liveSessions(): LiveSession[] {
    return this.#rows(rowSchemas.session, `SELECT * FROM session WHERE ${live} ORDER BY +rowid`).flatMap(
      ({ session }) => (session.state === 'ended' ? [] : [session]),
    );
  }

  hasLiveSessions(planId: string): boolean {
    const sql = `SELECT session_id FROM session WHERE ${live} AND plan_id = ? LIMIT 1`;
    return this.#row(rowSchemas.sessionId, sql, planId) !== undefined;
  }

  idleSessionIds(planId: string): string[] {
    const sql = `SELECT session_id FROM session WHERE ${live} AND state = 'idle' AND plan_id = ?`;
    return this.#rows(rowSchemas.sessionId, sql, planId).map(({ session_id }) => session_id);
  }

  sessionsOfEngine(engineId: string): SessionRow[] {
    return this.#rows(rowSchemas.session, `SELECT * FROM session WHERE ${live} AND engine_id = ?`, engineId);
  }

  slotHolders(planId: string): { sessionId: string; agentId: string }[] {
    return this.#rows(
      rowSchemas.holder,
      `SELECT session_id, agent_id FROM session
       WHERE ${live} AND state = 'active' AND plan_id = ? AND mode <> 'unauthenticated' ORDER BY rowid`,
      planId,
    );
  }

  putTicket(row: SlotTicketRow): void {
    this.#run(
      `INSERT INTO slot_ticket (ticket, agent_id, engine_id, plan_id, since) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (ticket) DO UPDATE SET plan_id = excluded.plan_id, since = excluded.since`,
      row.ticket,
      row.agentId,
      row.engineId,
      row.planId,
      row.since,
    );
  }

  removeTicket(ticket: string): void {
    this.#run('DELETE FROM slot_ticket WHERE ticket = ?', ticket);
  }

  tickets(planId: string): SlotTicketRow[] {
    return this.#rows(rowSchemas.ticket, 'SELECT * FROM slot_ticket WHERE plan_id = ? ORDER BY position', planId);
  }

  ticketsOfEngine(engineId: string): SlotTicketRow[] {
    return this.#rows(rowSchemas.ticket, 'SELECT * FROM slot_ticket WHERE engine_id = ?', engineId);
  }

  putReservation(row: ReservationRow): void {
    this.#run(
      `INSERT INTO reservation (reservation_id, session_id, engine_id, plan_id, scopes, state, tag, weight,
         cost, charged, usage)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (reservation_id) DO UPDATE
       SET state = excluded.state, cost = excluded.cost, charged = excluded.charged, usage = excluded.usage`,
      row.reservationId,
      row.sessionId,
      row.engineId,
      row.planId,
      JSON.stringify(row.scopes),
      row.state,
      row.tag,
      row.weight,
      JSON.stringify(row.cost),
      JSON.stringify(row.charged),
      row.usage === undefined ? null : JSON.stringify(row.usage),
    );
  }

  reservation(reservationId: string): ReservationRow | undefined {
    return this.#row(rowSchemas.reservation, 'SELECT * FROM reservation WHERE reservation_id = ?', reservationId);
  }

  removeReservation(reservationId: string): void {
    this.#run('DELETE FROM reservation WHERE reservation_id = ?', reservationId);
  }

  waitingReservations(planId: string): ReservationRow[] {
    return this.#rows(
      rowSchemas.reservation,
      `SELECT * FROM reservation WHERE plan_id = ? AND state = 'waiting'`,
      planId,
    );
  }

  reservationsOfEngine(engineId: string): ReservationRow[] {
    return this.#rows(rowSchemas.reservation, 'SELECT * FROM reservation WHERE engine_id = ?', engineId);
  }

  decidedReservations(engineId: string): ReservationRow[] {
    return this.#rows(
      rowSchemas.reservation,
      `SELECT * FROM reservation WHERE engine_id = ? AND state NOT IN ('waiting', 'running')`,
      engineId,
    );
  }

  tokensUnderWay(scopeId: string): number {
    const row = this.#row(
      rowSchemas.sum,
      `SELECT coalesce(sum(max(cost ->> 'tokensPerMinute', charged ->> 'tokensPerMinute')), 0) AS sum
       FROM reservation
       WHERE state IN ('admitted', 'running') AND EXISTS (SELECT 1 FROM json_each(scopes) WHERE value = ?)`,
      scopeId,
    );
    return row?.sum ?? 0;
  }

  reservationsOfSession(sessionId: string): ReservationRow[] {
    return this.#rows(rowSchemas.reservation, 'SELECT * FROM reservation WHERE session_id = ?', sessionId);
  }

  reservationActivity(): Pick<ReservationRow, 'sessionId' | 'planId' | 'state' | 'usage'>[] {
    return this.#rows(rowSchemas.activity, 'SELECT session_id, plan_id, state, usage FROM reservation');
  }

  scope(scopeId: string): ScopeRow {
    return this.#row(rowSchemas.scope, 'SELECT record FROM scope WHERE scope_id = ?', scopeId) ?? newScope;
  }

  putScope(scopeId: string, row: ScopeRow): void {
    this.#run(
      `INSERT INTO scope (scope_id, plan_id, record) VALUES (?, ?, ?)
       ON CONFLICT (scope_id) DO UPDATE SET record = excluded.record`,
      scopeId,
      scopeId.split('/', 1)[0] ?? scopeId,
      JSON.stringify(row),
    );
  }

  planIds(): string[] {
    return this.#rows(rowSchemas.planId, 'SELECT DISTINCT plan_id FROM scope').map(({ plan_id }) => plan_id);
  }

  scopeIds(planId: string): string[] {
    const rows = this.#rows(
      rowSchemas.scopeId,
      'SELECT scope_id FROM scope WHERE plan_id = ? ORDER BY scope_id',
      planId,
    );
    return rows.map(({ scope_id }) => scope_id);
  }

  day(scopeId: string, day: string): DayRow {
    return this.#usage.day(scopeId, day);
  }

  addUsage(entry: UsageEntry, booking: UsageBooking): boolean {
    return this.#usage.add(entry, booking);
  }

  usagePosition(at: number): number {
    return this.#usage.positionOf(at);
  }

  usageSums(first: number, end: number, range: UsageRange): UsageSum[] {
    return this.#usage.sums(first, end, range);
  }

  subagentUsage(): ReadonlyMap<string, readonly SubagentUsage[]> {
    return this.#usage.ofSubagents();
  }

  dropBefore(at: number): number {
    this.#run(`DELETE FROM session WHERE state = 'ended' AND record ->> 'endedAt' < ?`, at);
    return this.#usage.dropBefore(at);
  }

  putEngine({ engineId, process }: EngineRow): void {
    this.#run(
      `INSERT INTO engine (engine_id, process) VALUES (?, ?)
       ON CONFLICT (engine_id) DO UPDATE SET process = excluded.process`,
      engineId,
      JSON.stringify(process),
    );
  }

  removeEngine(engineId: string): void {
    this.#run('DELETE FROM engine WHERE engine_id = ?', engineId);
  }

  engines(): EngineRow[] {
    return this.#rows(rowSchemas.engine, 'SELECT * FROM engine');
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return this.#connection.run(sql, values);
  }

  #row<T extends z.ZodType>(schema: T, sql: string, ...values: SQLInputValue[]): z.infer<T> | undefined {
    return this.#connection.row(schema, sql, values);
  }

  #rows<T extends z.ZodType>(schema: T, sql: string, ...values: SQLInputValue[]): z.infer<T>[] {
    return this.#connection.rows(schema, sql, values);
  }
}
