import type { UsageEntry } from '../core/ledger.ts';
import type { Subagent, SubagentUsage } from '../core/subagent.ts';
import { noUsage, type Usage } from '../core/usage.ts';
import { longInputTokens, type UsageSum } from '../core/usageSum.ts';
import type { DayRow, UsageBooking, UsageRange } from './ledgerStore.ts';
import type { SqliteConnection } from './sqliteConnection.ts';
import { rowSchemas } from './sqliteRowSchemas.ts';

const hourMs = 3_600_000;

const counts = `input_tokens, cache_creation_5m_tokens, cache_creation_1h_tokens, cache_read_tokens, output_tokens`;

/** Adds a request to a sum that is there already. */
const addToSum = `
  requests = requests + 1,
  input_tokens = input_tokens + excluded.input_tokens,
  cache_creation_5m_tokens = cache_creation_5m_tokens + excluded.cache_creation_5m_tokens,
  cache_creation_1h_tokens = cache_creation_1h_tokens + excluded.cache_creation_1h_tokens,
  cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
  output_tokens = output_tokens + excluded.output_tokens`;

/** Usage in the ledger's file: each request for a while, and sums by hour and day for good. */
export class SqliteUsage {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  day(scopeId: string, day: string): DayRow {
    const sql = 'SELECT * FROM usage_day WHERE scope_id = ? AND day = ?';
    return this.#connection.row(rowSchemas.day, sql, [scopeId, day]) ?? { usage: noUsage, requests: 0 };
  }

  /** @returns false when the request id was booked before; then nothing changes. */
  add(
    { usage, model, requestId, subagent }: UsageEntry,
    { session, planId, scopeIds, day, at }: UsageBooking,
  ): boolean {
    const { sessionId, agentId } = session;
    const values = countsOf(usage);
    const added = this.#connection.run(
      `INSERT INTO usage (at, day, plan_id, session_id, agent_id, model, request_id, subagent_id, ${counts})
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (request_id) DO NOTHING`,
      [at, day, planId, sessionId, agentId, model ?? null, requestId ?? null, subagent?.subagentId ?? null, ...values],
    );
    if (added === 0) return false;
    if (subagent !== undefined) this.#addToSubagent(sessionId, subagent, at, values);
    this.#connection.run(
      `INSERT INTO usage_hour (hour, plan_id, agent_id, model, requests, ${counts})
       VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)
       ON CONFLICT (hour, plan_id, agent_id, model) DO UPDATE SET ${addToSum}`,
      [Math.floor(at / hourMs) * hourMs, planId, agentId, model ?? '', ...values],
    );
    for (const scopeId of scopeIds) {
      this.#connection.run(
        `INSERT INTO usage_day (scope_id, day, requests, ${counts}) VALUES (?, ?, 1, ?, ?, ?, ?, ?)
         ON CONFLICT (scope_id, day) DO UPDATE SET ${addToSum}`,
        [scopeId, day, ...values],
      );
    }
    return true;
  }

  #addToSubagent(sessionId: string, { subagentId, parentId }: Subagent, at: number, values: readonly number[]): void {
    this.#connection.run(
      `INSERT INTO subagent_usage (session_id, subagent_id, parent_id, last_at, requests, ${counts})
       VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)
       ON CONFLICT (session_id, subagent_id) DO UPDATE SET last_at = excluded.last_at, ${addToSum}`,
      [sessionId, subagentId, parentId ?? null, at, ...values],
    );
  }

  /** By halves: there is no index on time, but entries are in its order. */
  positionOf(at: number): number {
    // Apart from one another, or all of the table would be read for them.
    let first = this.#id('min') ?? 0;
    let end = (this.#id('max') ?? -1) + 1;
    while (first < end) {
      const middle = Math.floor((first + end) / 2);
      const sql = 'SELECT usage_id, at FROM usage WHERE usage_id >= ? LIMIT 1';
      const entry = this.#connection.row(rowSchemas.usageMoment, sql, [middle]);
      if (entry === undefined || entry.at >= at) end = middle;
      else first = entry.usageId + 1;
    }
    return first;
  }

  #id(which: 'min' | 'max'): number | undefined {
    const sql = `SELECT ${which}(usage_id) AS usage_id FROM usage`;
    return this.#connection.row(rowSchemas.usageId, sql, [])?.usage_id ?? undefined;
  }

  sums(first: number, end: number, { from, to, stepMs, detail }: UsageRange): UsageSum[] {
    return this.#connection.rows(
      rowSchemas.usageSum,
      `SELECT ?3 + CAST((at - ?3) / ?5 AS INTEGER) * ?5 AS step, plan_id, agent_id, ${detail === 'session' ? 'session_id' : 'NULL AS session_id'}, model,
         input_tokens + cache_creation_5m_tokens + cache_creation_1h_tokens + cache_read_tokens > ${longInputTokens} AS is_long,
         count(*) AS requests, ${counts
           .split(', ')
           .map((name) => `sum(${name}) AS ${name}`)
           .join(', ')}
       FROM usage WHERE usage_id >= ?1 AND usage_id < ?2 AND at >= ?3 AND at < ?4
       GROUP BY step, plan_id, ${detail === 'session' ? 'session_id, ' : ''}agent_id, model, is_long`,
      [first, end, from, to, stepMs],
    );
  }

  /** Of live sessions, by session. */
  ofSubagents(): ReadonlyMap<string, readonly SubagentUsage[]> {
    const found = new Map<string, SubagentUsage[]>();
    const sql = `SELECT * FROM subagent_usage
      WHERE session_id IN (SELECT session_id FROM session WHERE state <> 'ended') ORDER BY position`;
    for (const { sessionId, subagent } of this.#connection.rows(rowSchemas.subagent, sql, [])) {
      const known = found.get(sessionId);
      if (known === undefined) found.set(sessionId, [subagent]);
      else known.push(subagent);
    }
    return found;
  }

  /** @returns how many entries of detail were dropped; the sums stay, but for those of subagents. */
  dropBefore(at: number): number {
    this.#connection.run('DELETE FROM subagent_usage WHERE last_at < ?', [at]);
    // In order of booking, which is that of time: without an index on time each request writes a page less.
    return this.#connection.run(
      `DELETE FROM usage WHERE usage_id <
         coalesce((SELECT usage_id FROM usage WHERE at >= ? ORDER BY usage_id LIMIT 1), 9223372036854775807)`,
      [at],
    );
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
