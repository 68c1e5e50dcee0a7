import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { addUsage, noUsage, type Usage } from '../../../../src/core/usage.ts';
import { ledgerFileName } from '../../../../src/ledger/openLedger.ts';
import { StrictBucket } from '../../core/strictUpstream.ts';
import type { JournalEntry } from './hammerJournal.ts';
import { agentNames, hammerPlan, hammerTerms, limitedAgent, opus, opusInputTokensPerMinute } from './hammerPlan.ts';

type Counted = JournalEntry & { kind: 'counted' };
type Opened = JournalEntry & { kind: 'opened' };

/** The lowest level that each limit ever had at a strict upstream that counted what the journals say, when they say. */
export function lowestLevels(counted: readonly Counted[]): ReadonlyMap<string, number> {
  const levels = new Map<string, number>();
  const play = (name: string, limit: number, amountOf: (entry: Counted) => number): void => {
    const ordered = [...counted].sort((a, b) => a.at - b.at);
    const bucket = new StrictBucket(limit, ordered[0]?.at ?? 0);
    levels.set(name, Math.min(limit, ...ordered.map((entry) => bucket.take(amountOf(entry), entry.at))));
  };
  play('requests', hammerPlan.requestsPerMinute, ({ requests }) => requests);
  play('tokens', hammerPlan.tokensPerMinute, ({ input, output }) => input + output);
  play('opus input', opusInputTokensPerMinute, ({ model, input }) => (model === opus.name ? input : 0));
  for (const name of agentNames.filter((agent) => agent.startsWith('limited-'))) {
    play(`${name} requests`, limitedAgent.requestsPerMinute, ({ agent, requests }) => (agent === name ? requests : 0));
    play(`${name} tokens`, limitedAgent.tokensPerMinute, ({ agent, input, output }) =>
      agent === name ? input + output : 0,
    );
  }
  return levels;
}

/** The same requests, each counted whole at the moment of its admission. */
export function countedAtAdmission(entries: readonly JournalEntry[]): Counted[] {
  const admittedAt = new Map(
    entries.flatMap((entry) => (entry.kind === 'admitted' ? [[entry.request, entry.at]] : [])),
  );
  return entries.flatMap((entry) =>
    entry.kind === 'counted' ? [{ ...entry, at: admittedAt.get(entry.request) ?? Number.NaN }] : [],
  );
}

/** The most sessions that were open at once. @param deaths when lives were killed; their sessions ended then. */
export function mostOpen(
  journals: ReadonlyMap<string, readonly JournalEntry[]>,
  deaths: ReadonlyMap<string, number>,
  isCounted: (entry: Opened) => boolean,
): number {
  const steps: { at: number; by: 1 | -1 }[] = [];
  for (const [life, entries] of journals) {
    const ends = new Map(entries.flatMap((entry) => (entry.kind === 'ending' ? [[entry.session, entry.at]] : [])));
    for (const entry of entries) {
      if (entry.kind !== 'opened' || !isOpened(entry) || !isCounted(entry)) continue;
      const end = ends.get(entry.session) ?? deaths.get(life) ?? Infinity;
      steps.push({ at: entry.at, by: 1 }, { at: end, by: -1 });
    }
  }
  steps.sort((a, b) => a.at - b.at || a.by - b.by);
  let [open, most] = [0, 0];
  for (const { by } of steps) {
    open += by;
    most = Math.max(most, open);
  }
  return most;
}

function isOpened(entry: JournalEntry): entry is Opened {
  return entry.kind === 'opened';
}

interface UsageRow {
  readonly session: string;
  readonly request: string | null;
  readonly usage: Usage;
}

function query(directory: string, sql: string): Record<string, SQLOutputValue>[] {
  const database = new DatabaseSync(join(directory, ledgerFileName), { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

function usageOf(row: Record<string, SQLOutputValue>): Usage {
  return { ...noUsage, inputTokens: Number(row['input_tokens']), outputTokens: Number(row['output_tokens']) };
}

function bookedUsage(directory: string): UsageRow[] {
  return query(directory, 'SELECT * FROM usage ORDER BY usage_id').map((row) => ({
    session: String(row['session_id']),
    request: row['request_id'] === null ? null : String(row['request_id']),
    usage: usageOf(row),
  }));
}

/** What the ledger's sums say, of the plan and of all agents; the hammering may go on over midnight. */
export function bookedSums(directory: string): Usage[] {
  const sum = (from: string): Usage => query(directory, from).map(usageOf).reduce(addUsage, noUsage);
  return [
    sum(`SELECT * FROM usage_day WHERE scope_id = '${hammerTerms.planId}'`),
    sum(`SELECT * FROM usage_day WHERE scope_id LIKE '${hammerTerms.planId}/agent/%'`),
    sum('SELECT * FROM usage_hour'),
  ];
}

/**
 * Compares what is booked with what the workers say. Whether a request that was being settled, or was metered, at the
 * moment of a kill is booked by its own id or as what it had reported, the ledger alone knows; but never both or
 * neither.
 * @returns the sum of what the workers say.
 */
export function expectBooked(directory: string, entries: readonly JournalEntry[]): Usage {
  const booked = bookedUsage(directory);
  const byRequest = new Map(booked.flatMap((row) => (row.request === null ? [] : [[row.request, row.usage]])));
  const abandoned = new Map<string, number>();
  const keyOf = (session: string, usage: Usage): string => `${session} ${usage.inputTokens} ${usage.outputTokens}`;
  for (const { session, request, usage } of booked) {
    const key = keyOf(session, usage);
    if (request === null) abandoned.set(key, (abandoned.get(key) ?? 0) + 1);
  }
  const takeAbandoned = (key: string): boolean => {
    const left = abandoned.get(key) ?? 0;
    if (left > 0) abandoned.set(key, left - 1);
    return left > 0;
  };
  let said = noUsage;
  const settled = new Set(entries.flatMap((entry) => (entry.kind === 'settled' ? [entry.request] : [])));
  const metered = new Set(entries.flatMap((entry) => (entry.kind === 'metered' ? [entry.request] : [])));
  const settling = new Map(
    entries.flatMap((entry) => (entry.kind === 'settling' ? [[entry.request, entry.usage]] : [])),
  );
  for (const [request, usage] of settling) {
    if (!settled.has(request) && !byRequest.has(request)) continue;
    assert.deepEqual(byRequest.get(request), usage, `what ${request} used`);
    byRequest.delete(request);
    if (usage !== undefined) said = addUsage(said, usage);
    settled.add(request);
  }
  for (const entry of entries) {
    if (entry.kind !== 'metering' || settled.has(entry.request)) continue;
    const isBooked = takeAbandoned(keyOf(entry.session, entry.usage));
    if (isBooked) said = addUsage(said, entry.usage);
    else assert.ok(!metered.has(entry.request), `what ${entry.request} had reported is not booked`);
  }
  assert.deepEqual([...byRequest.keys()], [], 'nothing is booked that nobody used');
  assert.ok(
    [...abandoned.values()].every((left) => left === 0),
    'nothing reported is booked twice',
  );
  return said;
}
