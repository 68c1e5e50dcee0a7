import type { SQLInputValue } from 'node:sqlite';
import type * as z from 'zod';
import { type UsageEntry } from '../core/ledger.ts';
import { type RateDimension } from '../core/rateLimits.ts';
import { type LiveSession, type Session } from '../core/session.ts';
import { type Usage, noUsage } from '../core/usage.ts';
import { mapDimensionRows } from './bucketRows.ts';
import {
  type BucketRow,
  type DayRow,
  type EngineRow,
  type LedgerStore,
  type PlanRow,
  type ReservationRow,
  type SessionRow,
  type SlotTicketRow,
} from './ledgerStore.ts';
import { type SqliteConnection } from './sqliteConnection.ts';
import { sqliteRows } from './sqliteRows.ts';

/** Rows in an SQLite file that all windows of this machine open. */
export class SqliteStore implements LedgerStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  transaction<T>(body: () => T): Promise<T> {
    return this.#connection.transaction('write', body);
  }

  read<T>(body: () => T): Promise<T> {
    return this.#connection.transaction('read', body);
  }

  putSession({ session, tokenHash, finishTag }: SessionRow): void {
    this.#run(
      `INSERT INTO session (session_id, token_hash, plan_id, agent_id, mode, state, finish_tag, record)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (session_id) DO UPDATE SET state = excluded.state, finish_tag = excluded.finish_tag, record = excluded.record`,
      session.sessionId,
      tokenHash,
      session.planId,
      session.agentId,
      session.mode,
      session.state,
      finishTag,
      JSON.stringify(session),
    );
  }

  session(sessionId: string): SessionRow | undefined {
    return this.#row(sqliteRows.session, 'SELECT * FROM session WHERE session_id = ?', sessionId);
  }

  sessionOfTokenHash(tokenHash: string): SessionRow | undefined {
    return this.#row(sqliteRows.session, 'SELECT * FROM session WHERE token_hash = ?', tokenHash);
  }

  liveSessions(): LiveSession[] {
    return this.#rows(sqliteRows.session, `SELECT * FROM session WHERE state <> 'ended' ORDER BY rowid`).flatMap(
      ({ session }) => (session.state === 'ended' ? [] : [session]),
    );
  }

  slotHolders(planId: string): { sessionId: string; agentId: string }[] {
    return this.#rows(
      sqliteRows.holder,
      `SELECT session_id, agent_id FROM session
       WHERE state = 'active' AND plan_id = ? AND mode <> 'unauthenticated' ORDER BY rowid`,
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
    return this.#rows(sqliteRows.ticket, 'SELECT * FROM slot_ticket WHERE plan_id = ? ORDER BY position', planId);
  }

  ticketsOfEngine(engineId: string): SlotTicketRow[] {
    return this.#rows(sqliteRows.ticket, 'SELECT * FROM slot_ticket WHERE engine_id = ?', engineId);
  }

  putReservation(row: ReservationRow): void {
    this.#run(
      `INSERT INTO reservation (reservation_id, session_id, engine_id, plan_id, state, tag, weight, cost, charged, usage)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (reservation_id) DO UPDATE
       SET state = excluded.state, charged = excluded.charged, usage = excluded.usage`,
      row.reservationId,
      row.sessionId,
      row.engineId,
      row.planId,
      row.state,
      row.tag,
      row.weight,
      JSON.stringify(row.cost),
      JSON.stringify(row.charged),
      row.usage === undefined ? null : JSON.stringify(row.usage),
    );
  }

  reservation(reservationId: string): ReservationRow | undefined {
    return this.#row(sqliteRows.reservation, 'SELECT * FROM reservation WHERE reservation_id = ?', reservationId);
  }

  removeReservation(reservationId: string): void {
    this.#run('DELETE FROM reservation WHERE reservation_id = ?', reservationId);
  }

  waitingReservations(planId: string): ReservationRow[] {
    return this.#rows(
      sqliteRows.reservation,
      `SELECT * FROM reservation WHERE plan_id = ? AND state = 'waiting'`,
      planId,
    );
  }

  reservationsOfEngine(engineId: string): ReservationRow[] {
    return this.#rows(sqliteRows.reservation, 'SELECT * FROM reservation WHERE engine_id = ?', engineId);
  }

  decidedReservations(engineId: string): ReservationRow[] {
    return this.#rows(
      sqliteRows.reservation,
      `SELECT * FROM reservation WHERE engine_id = ? AND state IN ('admitted', 'day-used-up', 'gone')`,
      engineId,
    );
  }

  tokensUnderWay(planId: string): number {
    const row = this.#row(
      sqliteRows.sum,
      `SELECT coalesce(sum(max(cost ->> 'tokensPerMinute', charged ->> 'tokensPerMinute')), 0) AS sum
       FROM reservation WHERE plan_id = ? AND state IN ('admitted', 'running')`,
      planId,
    );
    return row?.sum ?? 0;
  }

  reservationsOfSession(sessionId: string): ReservationRow[] {
    return this.#rows(sqliteRows.reservation, 'SELECT * FROM reservation WHERE session_id = ?', sessionId);
  }

  reservationActivity(): Pick<ReservationRow, 'sessionId' | 'planId' | 'state' | 'usage'>[] {
    return this.#rows(sqliteRows.activity, 'SELECT session_id, plan_id, state, usage FROM reservation');
  }

  buckets(planId: string): Readonly<Record<RateDimension, BucketRow>> {
    const rows = this.#rows(sqliteRows.bucket, 'SELECT * FROM bucket WHERE plan_id = ?', planId);
    const byDimension = new Map(rows.map((row) => [row.dimension, row]));
    return mapDimensionRows((dimension) => {
      const row = byDimension.get(dimension);
      if (row === undefined) return undefined;
      const { used, at, held, reported_limit } = row;
      return { bucket: { used, at, held }, reportedLimit: reported_limit ?? undefined };
    });
  }

  putBucket(planId: string, dimension: RateDimension, { bucket, reportedLimit }: BucketRow): void {
    this.#run(
      `INSERT INTO bucket (plan_id, dimension, used, at, held, reported_limit) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (plan_id, dimension) DO UPDATE
       SET used = excluded.used, at = excluded.at, held = excluded.held, reported_limit = excluded.reported_limit`,
      planId,
      dimension,
      bucket.used,
      bucket.at,
      bucket.held,
      reportedLimit ?? null,
    );
  }

  plan(planId: string): PlanRow {
    const row = this.#row(sqliteRows.plan, 'SELECT * FROM plan WHERE plan_id = ?', planId);
    return row ?? { virtualTime: 0, pausedAt: 0, pausedUntil: 0 };
  }

  putPlan(planId: string, row: PlanRow): void {
    this.#run(
      `INSERT INTO plan (plan_id, virtual_time, paused_at, paused_until) VALUES (?, ?, ?, ?)
       ON CONFLICT (plan_id) DO UPDATE
       SET virtual_time = excluded.virtual_time, paused_at = excluded.paused_at, paused_until = excluded.paused_until`,
      planId,
      row.virtualTime,
      row.pausedAt,
      row.pausedUntil,
    );
  }

  day(planId: string, day: string): DayRow {
    const row = this.#row(sqliteRows.day, 'SELECT * FROM usage_day WHERE plan_id = ? AND day = ?', planId, day);
    return row ?? { usage: noUsage, requests: 0 };
  }

  addUsage(entry: UsageEntry, session: Session, planId: string, day: string, at: number): boolean {
    const counts = countsOf(entry.usage);
    const changes = this.#run(
      `INSERT INTO usage (at, day, plan_id, session_id, agent_id, model, request_id, input_tokens,
         cache_creation_5m_tokens, cache_creation_1h_tokens, cache_read_tokens, output_tokens)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id) DO NOTHING`,
      at,
      day,
      planId,
      session.sessionId,
      session.agentId,
      entry.model ?? null,
      entry.requestId ?? null,
      ...counts,
    );
    if (changes === 0) return false;
    this.#run(
      `INSERT INTO usage_day (plan_id, day, requests, input_tokens, cache_creation_5m_tokens,
         cache_creation_1h_tokens, cache_read_tokens, output_tokens)
       VALUES (?, ?, 1, ?, ?, ?, ?, ?)
       ON CONFLICT (plan_id, day) DO UPDATE SET
         requests = requests + 1,
         input_tokens = input_tokens + excluded.input_tokens,
         cache_creation_5m_tokens = cache_creation_5m_tokens + excluded.cache_creation_5m_tokens,
         cache_creation_1h_tokens = cache_creation_1h_tokens + excluded.cache_creation_1h_tokens,
         cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
         output_tokens = output_tokens + excluded.output_tokens`,
      planId,
      day,
      ...counts,
    );
    return true;
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
    return this.#rows(sqliteRows.engine, 'SELECT * FROM engine');
  }

  onChange(listener: () => void): () => void {
    return this.#connection.onChange(listener);
  }

  close(): void {
    this.#connection.close();
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return this.#connection.run(sql, values);
  }

  #row<T extends z.ZodType>(schema: T, sql: string, ...values: SQLInputValue[]): z.infer<T> | undefined {
    const row = this.#connection.statement(sql).get(...values);
    return row === undefined ? undefined : schema.parse(row);
  }

  #rows<T extends z.ZodType>(schema: T, sql: string, ...values: SQLInputValue[]): z.infer<T>[] {
    return this.#connection
      .statement(sql)
      .all(...values)
      .map((row) => schema.parse(row));
  }
}

function countsOf(usage: Usage): number[] {
  return [
    usage.inputTokens,
    usage.cacheCreation5mTokens,
    usage.cacheCreation1hTokens,
    usage.cacheReadTokens,
    usage.outputTokens,
  ];
}
