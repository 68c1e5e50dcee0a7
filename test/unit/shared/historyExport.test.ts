import assert from 'node:assert/strict';
import fc from 'fast-check';
import { daysCsv, historyJson, seriesCsv } from '../../../src/shared/historyExport.ts';
import { type HistoryAmount, noAmount, type UsageHistory } from '../../../src/shared/usageHistory.ts';
import { propertyRuns } from '../core/propertyRuns.ts';

const start = Date.UTC(2026, 0, 15, 12);

function amount(changes: Partial<HistoryAmount>): HistoryAmount {
  return { ...noAmount, requests: 1, ...changes };
}

function history(name: string | undefined, members = 1): UsageHistory {
  const total = { quota: noAmount, machines: noAmount, otherPlans: noAmount, elsewhere: noAmount };
  return {
    at: start + 90_000,
    query: { span: 'hour', by: 'agent' },
    starts: [start, start + 60_000],
    series: [{ origin: 'quota', key: name, members, tokens: [0, 12], sum: amount({ inputTokens: 12 }) }],
    days: [
      {
        day: '2026-01-15',
        quota: amount({ requests: 2, inputTokens: 10, outputTokens: 2, cost: { usd: 1.5, unpricedRequests: 0 } }),
        machines: amount({ inputTokens: 3 }),
        elsewhere: amount({ cacheReadTokens: 5, cost: { usd: 0, unpricedRequests: 1 } }),
      },
    ],
    totals: { today: total, sevenDays: total, thirtyDays: total, ninetyDays: total },
    costs: 'billed',
    transcripts: { kind: 'off' },
    otherMachines: { kind: 'known' },
  };
}

/** A reader of RFC 4180. */
function parsed(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe('an exported history', () => {
  it('has a line for each step that has tokens', () => {
    assert.deepEqual(parsed(seriesCsv(history('reviewer'))), [
      ['from', 'to', 'origin', 'by', 'name', 'owner', 'tokens'],
      ['2026-01-15T12:01:00.000Z', '2026-01-15T12:01:30.000Z', 'quota', 'agent', 'reviewer', '', '12'],
    ]);
    assert.equal(parsed(seriesCsv(history(undefined)))[1]?.[4], 'unknown');
    assert.equal(parsed(seriesCsv(history(undefined, 7)))[1]?.[4], '7 others');
  });

  it('has no cost where none is known', () => {
    assert.deepEqual(parsed(daysCsv(history('a'))).slice(1), [
      ['2026-01-15', 'quota', '2', '10', '0', '0', '2', '12', '1.500000', '0'],
      ['2026-01-15', 'machines', '1', '3', '0', '0', '0', '3', '0.000000', '0'],
      ['2026-01-15', 'elsewhere', '1', '0', '0', '5', '0', '5', '', '1'],
    ]);
  });

  it('is the same read back, and no formula, whatever the names are', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const [, row = []] = parsed(seriesCsv(history(name)));
        assert.equal(row.length, 7);
        assert.equal((row[4] ?? '').replace(/^'/, ''), name);
        assert.doesNotMatch(row[4] ?? '', /^[=+\-@\t\r]/);
      }),
      propertyRuns,
    );
  });

  it('is all of it as JSON', () => {
    const found = JSON.parse(historyJson(history('a'))) as Record<string, unknown>;
    assert.deepEqual([found['at'], found['costs']], ['2026-01-15T12:01:30.000Z', 'billed']);
    assert.deepEqual(found['days'], history('a').days);
  });
});
