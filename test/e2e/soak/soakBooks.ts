import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { addUsage, noUsage, type Usage } from '../../../src/core/usage.ts';
import type { ServedRequest } from '../../fakes/servedLog.ts';
import type { Seen } from './soakAgent.ts';

const columns = {
  inputTokens: 'input_tokens',
  cacheCreation5mTokens: 'cache_creation_5m_tokens',
  cacheCreation1hTokens: 'cache_creation_1h_tokens',
  cacheReadTokens: 'cache_read_tokens',
  outputTokens: 'output_tokens',
} as const satisfies Record<keyof Usage, string>;
const kinds = Object.keys(columns) as readonly (keyof Usage)[];

const counted = z.object({
  inputTokens: z.number(),
  cacheCreation5mTokens: z.number(),
  cacheCreation1hTokens: z.number(),
  cacheReadTokens: z.number(),
  outputTokens: z.number(),
});
const entry = counted.extend({ requestId: z.string() });
const sum = counted.extend({ requests: z.number() });

/** What the ledger's file says. */
export interface SoakLedger {
  /** Each request whose answer told what it used, by its id. */
  readonly requests: ReadonlyMap<string, Usage>;
  /** Sums of these. */
  readonly byHour: z.infer<typeof sum>;
  readonly byDay: z.infer<typeof sum>;
  /** The sessions' own sums, in which requests count whatever they were answered. */
  readonly bySession: z.infer<typeof sum>;
}

/** @param planScope the id of the plan's own scope, which every request comes under. */
export function readSoakLedger(file: string): SoakLedger {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const fields = kinds.map((kind) => `${columns[kind]} AS ${kind}`).join(', ');
    const rows = database.prepare(`SELECT request_id AS requestId, ${fields} FROM usage`).all();
    const sums = ['requests', ...kinds.map((kind) => columns[kind])];
    const sumOf = (table: string, where = ''): z.infer<typeof sum> => {
      const selected = sums.map((column, index) => `SUM(${column}) AS ${['requests', ...kinds][index]}`).join(', ');
      return sum.parse(database.prepare(`SELECT ${selected} FROM ${table} ${where}`).get());
    };
    return {
      requests: new Map(rows.map((row) => entry.parse(row)).map(({ requestId, ...usage }) => [requestId, usage])),
      byHour: sumOf('usage_hour'),
      bySession: sumOfSessions(database),
      byDay: sumOf('usage_day', 'WHERE scope_id IN (SELECT DISTINCT plan_id FROM usage)'),
    };
  } finally {
    database.close();
  }
}

/** Ended sessions are kept for longer than any soak. */
function sumOfSessions(database: DatabaseSync): z.infer<typeof sum> {
  const sums = ["SUM(record ->> 'requests') AS requests"];
  for (const kind of kinds) sums.push(`SUM(record -> 'usage' ->> '${kind}') AS ${kind}`);
  return sum.parse(database.prepare(`SELECT ${sums.join(', ')} FROM session`).get());
}

/** What came of comparing the books, in requests. */
export interface Reconciled {
  /** Answers that ended as they should: the ledger has what the upstream counted, to the token. */
  readonly whole: number;
  /** Answers that were cut, by whomever: the ledger has at least what reached the client and at most what was sent. */
  readonly cut: number;
  readonly usage: Usage;
  /** Requests without tokens: counts of tokens, and what was refused or got no answer. Sessions count them alike. */
  readonly bare: number;
}

/** Compares request by request what the upstream counted, what the clients saw and what the ledger has. */
export function reconcile(served: readonly ServedRequest[], seen: readonly Seen[], ledger: SoakLedger): Reconciled {
  const seenById = new Map(seen.flatMap((one) => (one.requestId === undefined ? [] : [[one.requestId, one] as const])));
  const left = new Set(ledger.requests.keys());
  const asked = served.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/messages'));
  let [whole, cut, bare, unseen, usage] = [0, 0, 0, 0, noUsage];
  for (const { requestId, usage: sent, status, aborted, fault } of asked) {
    const booked = ledger.requests.get(requestId);
    const client = seenById.get(requestId);
    left.delete(requestId);
    usage = addUsage(usage, booked ?? noUsage);
    if (sent === undefined) {
      bare += 1;
      assert.equal(booked, undefined, `${requestId} (${status}) used nothing`);
    } else if (aborted || client === undefined || client.doing.startsWith('abort')) {
      cut += 1;
      if (client === undefined) unseen += 1;
      const what = `${requestId} (${client?.doing ?? 'unseen'})`;
      assertBetween(client?.usage ?? noUsage, booked ?? noUsage, sent, what);
    } else if (fault === 'cutMidStream') {
      cut += 1;
      // What a stream has told by then is known; JSON tells it at its end.
      if (client.doing === 'json') assert.equal(booked, undefined, `${requestId} has told nothing`);
      else assert.deepEqual(booked, sent, `${requestId} (${fault})`);
    } else {
      whole += 1;
      assert.deepEqual(booked, sent, `${requestId} (${fault ?? 'whole'})`);
      if (client.whole) assert.deepEqual(client.usage, sent, `${requestId} as the client read it`);
    }
  }
  const early = seen.filter(({ doing, requestId }) => doing.startsWith('abort') && requestId === undefined);
  assert.ok(unseen <= early.length, `${unseen} answers reached nobody, and ${early.length} clients left before theirs`);
  assert.deepEqual([...left], [], 'nothing else is booked');
  const { requests: counted } = ledger.bySession;
  // Whoever leaves while the request goes out may be counted, and never have been upstream.
  const isAll = counted >= asked.length && counted <= asked.length + early.length;
  assert.ok(isAll, `${counted} requests counted, ${asked.length} served, ${early.length} left early`);
  return { whole, cut, bare, usage };
}

/** Each count of the ledger is at least what reached the client, and at most what the upstream sent. */
function assertBetween(least: Usage, booked: Usage, most: Usage, what: string): void {
  for (const kind of kinds) {
    const found = `${kind} of ${what}: ${booked[kind]} booked`;
    assert.ok(booked[kind] >= least[kind], `${found}, and ${least[kind]} reached the client`);
    assert.ok(booked[kind] <= most[kind], `${found}, and ${most[kind]} sent`);
  }
}
