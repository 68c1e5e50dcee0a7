import assert from 'node:assert/strict';
import { csvText } from '../../../src/shared/csvText.ts';
import { exportText, sessionsTable, usageTable } from '../../../src/vscode/exportTables.ts';
import { dashboardView } from '../../../src/vscode/dashboardView.ts';
import { usageTotals, usageView } from '../../../src/vscode/usageView.ts';
import { sampleHistory } from './sampleHistory.ts';
import { sampleNow, sampleSession, sampleSnapshot, sampleSources } from './samples.ts';

const hour = 3_600_000;
const query = { span: 'day', by: 'agent' } as const;

describe('comma-separated values', () => {
  it('quote what has to be quoted', () => {
    assert.equal(
      csvText(
        ['a', 'b'],
        [
          ['x,y', 'say "hi"\n'],
          [1.5, undefined],
        ],
      ),
      'a,b\r\n"x,y","say ""hi""\n"\r\n1.5,\r\n',
    );
  });

  it('hold no formula of an agent’s', () => {
    for (const evil of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1'])
      assert.ok(csvText(['a'], [[evil]]).includes(`'${evil}`));
    assert.equal(csvText(['a'], [[-1]]), 'a\r\n-1\r\n', 'a number is no formula');
  });
});

describe('what the dashboard exports', () => {
  it('is the sessions that are shown, every number in full', () => {
    const table = sessionsTable(dashboardView(sampleSources()).rows);
    const [first] = JSON.parse(exportText(table, 'json')) as Record<string, unknown>[];
    assert.equal(first?.['agent'], 'agent-1');
    assert.equal(first['input_tokens'], 12_000);
    assert.equal(first['tokens'], 12_345);
    assert.equal(first['cost_usd'], null, 'unknown is not zero');
    const [heads, values] = exportText(table, 'csv').split('\r\n');
    assert.equal(heads?.split(',').length, values?.split(',').length);
  });

  it('has no cost where no price is known, rather than zero', () => {
    const costOf = (usd: number, unpricedRequests: number): unknown => {
      const sessions = [sampleSession({ cost: { usd, unpricedRequests } })];
      const state = { kind: 'running', snapshot: sampleSnapshot({ sessions }) } as const;
      const table = sessionsTable(dashboardView(sampleSources({ state })).rows);
      return (JSON.parse(exportText(table, 'json')) as Record<string, unknown>[])[0]?.['cost_usd'];
    };
    assert.deepEqual([costOf(0, 3), costOf(0.5, 3), costOf(0, 0)], [null, 0.5, 0]);
  });

  it('has no cost of a session whose first request has not ended', () => {
    const sessions = [sampleSession({ requests: 0, cost: { usd: 0, unpricedRequests: 0 } })];
    const state = { kind: 'running', snapshot: sampleSnapshot({ sessions }) } as const;
    const table = sessionsTable(dashboardView(sampleSources({ state })).rows);
    assert.equal((JSON.parse(exportText(table, 'json')) as Record<string, unknown>[])[0]?.['cost_usd'], null);
  });

  it('is the layers of the chart', () => {
    const table = usageTable({ query, history: sampleHistory() });
    assert.deepEqual(table.columns, ['from', 'agent', 'origin', 'tokens']);
    assert.deepEqual(
      table.rows.map((row) => row.slice(1)),
      [
        ['3 others', 'quota', 5],
        ['agent-1', 'quota', 300],
        ['agent-1', 'quota', 300],
      ],
    );
  });
});

describe('what is exported of layers without a name', () => {
  it('is told apart', () => {
    const [known] = sampleHistory().series;
    assert.ok(known);
    const series = [1, 5].map((members) => ({ ...known, key: undefined, members }));
    const { rows } = usageTable({ query: { span: 'day', by: 'model' }, history: sampleHistory({ series }) });
    assert.deepEqual(
      rows.map(([, name]) => name),
      ['unknown', '5 others'],
    );
  });
});

describe('usage over time', () => {
  it('names layers, and leaves out those with nothing', () => {
    const { series: layers } = usageView(sampleHistory(), query, sampleNow, 0);
    assert.deepEqual(
      layers.map(({ label, tokensText, costText }) => [label, tokensText, costText]),
      [
        ['agent-1', '300', '$1.50'],
        ['3 other agents', '300', '$1.50'],
      ],
    );
  });

  it('has each of the last 90 days, what was used elsewhere included', () => {
    const { days } = usageView(sampleHistory(), query, sampleNow, 0);
    assert.equal(days.length, 90);
    assert.equal(new Set(days.map(({ day }) => day)).size, 90);
    assert.deepEqual(days.at(-1), { day: '2026-01-15', tokens: 600, text: '2026-01-15: 600 tokens, $3.00' });
    assert.equal(days[0]?.text, `${days[0]?.day ?? ''}: nothing`);
  });

  it('says what its numbers lack', () => {
    const remarks = usageView(sampleHistory(), query, sampleNow, 300).remarks.join(' ');
    assert.match(remarks, /API-equivalent/);
    assert.match(remarks, /being read \(25%\)/);
    const old = sampleHistory({ transcripts: { kind: 'read', at: sampleNow - hour, files: 3, unreadableFiles: 1 } });
    assert.match(usageView(old, query, sampleNow, 300).remarks.join(' '), /1 of 3 transcripts cannot.*as of 1 h ago/);
    assert.doesNotMatch(remarks, /under way|machines/);
    const busy = usageTotals(sampleHistory(), sampleNow, 37_300);
    assert.match(busy.remarks.join(' '), /37k tokens of requests under way are in the totals/);
    const { totals } = usageView(sampleHistory(), query, sampleNow, 300);
    assert.notEqual(busy.totals[0]?.tokens, totals[0]?.tokens, 'they are in it');
    assert.equal(busy.totals[0]?.cost, totals[0]?.cost);
    assert.deepEqual([totals[1]?.cost, busy.totals[1]?.cost], ['$0', ''], 'none is priced before it has ended');
  });

  it('tells other machines’ part from this one’s', () => {
    const { totals, series } = sampleHistory();
    const theirs = { ...totals.today.quota, inputTokens: 900 };
    const shared = sampleHistory({
      otherMachines: { kind: 'known' },
      series: series.map((layer) => ({ ...layer, origin: 'machines' })),
      totals: {
        ...totals,
        today: { ...totals.today, machines: theirs },
        ninetyDays: { ...totals.ninetyDays, machines: theirs },
      },
    });
    const view = usageView(shared, query, sampleNow, 0);
    assert.deepEqual(view.series[0]?.label, 'agent-1 (on other machines)');
    assert.deepEqual(view.totals[0], { label: 'Today', tokens: '1.2k', cost: '$3.00' });
    assert.match(view.remarks.join(' '), /Other machines used 900 of today’s tokens and 900 of those of 90 days\./);
    const away = usageView(
      { ...shared, otherMachines: { kind: 'away', reason: 'No way to it.' } },
      query,
      sampleNow,
      0,
    );
    assert.match(away.remarks.join(' '), /What other machines used may be missing: No way to it\./);
  });
});
