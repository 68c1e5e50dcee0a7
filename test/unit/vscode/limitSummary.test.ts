import assert from 'node:assert/strict';
import type { LimitStatus } from '../../../src/shared/limitStatus.ts';
import type { EngineState } from '../../../src/vscode/engineState.ts';
import { dashboardView } from '../../../src/vscode/dashboardView.ts';
import { summarizeLimit } from '../../../src/shared/limitSummary.ts';
import { quotaTooltip } from '../../../src/vscode/quotaTooltip.ts';
import { statusLines } from '../../../src/vscode/statusLines.ts';
import { sampleNow, sampleSnapshot, sampleSources } from './samples.ts';

const minute = 60_000;
const base: LimitStatus = {
  dimension: 'tokensPerMinute',
  limit: 100_000,
  used: 42_500,
  remaining: 57_500,
  percentage: 42.5,
  resetsAt: sampleNow + 25_500,
  source: 'setting',
};
const fiveHour: LimitStatus = {
  dimension: 'fiveHour',
  limit: 100,
  used: 23,
  remaining: 77,
  percentage: 23.4,
  resetsAt: sampleNow + 125 * minute,
  source: 'reported',
  reportedAt: sampleNow - minute,
};
const summary = (limit: LimitStatus): ReturnType<typeof summarizeLimit> => summarizeLimit(limit, 80, sampleNow);

describe('a limit in words', () => {
  it('says what is used of how much, and that the settings say so', () => {
    const { label, share, amount, reset, source } = summary(base);
    assert.deepEqual(
      [label, share, amount, reset, source],
      ['Tokens per minute', '42%', '42.5k of 100k tokens', 'resets in 26 s', 'from the settings'],
    );
  });

  it('names the models that have a limit of their own', () => {
    const own = summary({ ...base, models: 'opus-5', source: 'reported' });
    assert.equal(own.label, 'Tokens per minute · opus-5');
    assert.equal(own.source, 'reported by Anthropic');
    assert.notEqual(own.id, summary(base).id);
    assert.ok(summary({ ...base, models: 'x'.repeat(500) }).label.length < 70);
  });

  it('says a window in percent, and how old the report is when it is not of the last minute', () => {
    const { label, share, amount, reset, source, level } = summary(fiveHour);
    assert.deepEqual(
      [label, share, amount, reset, source, level],
      ['5-hour window', '23%', '23% of the 5-hour window', 'resets in 2 h 5 min', 'reported by Anthropic', 'normal'],
    );
    assert.equal(
      summary({ ...fiveHour, reportedAt: sampleNow - 5 * minute }).source,
      'reported by Anthropic 5 min ago',
    );
    const week = summary({ ...fiveHour, dimension: 'sevenDay', percentage: 0.4 });
    assert.equal(week.amount, '<1% of the 7-day window');
  });

  it('says what of a limit that machines share is this machine’s, and how much of the bar that is', () => {
    assert.equal(summary(base).own, undefined);
    assert.deepEqual(summary({ ...base, own: { used: 10_000 } }).own, {
      text: 'this machine: 10k',
      percentage: 10,
    });
    const bounded = { ...base, percentage: 80, own: { used: 8000, limit: 10_000 } };
    assert.deepEqual(summary(bounded).own, { text: 'this machine: 8k of at most 10k', percentage: 80 });
    const status = { ...sampleSnapshot().status, limits: [bounded] };
    const state: EngineState = { kind: 'running', snapshot: sampleSnapshot({ status }) };
    const said = 'this machine: 8k of at most 10k';
    assert.equal(dashboardView(sampleSources({ state })).parts.gauges[0]?.own?.text, said);
    assert.ok(quotaTooltip(state, 80, sampleNow).includes(said));
    assert.ok(statusLines(state, 80, sampleNow).some(({ aside }) => aside.includes(said)));
  });

  it('is one of many on the page, and stays text in the tooltip', () => {
    const evil = '[x](command:evil)|';
    const limits = [base, { ...base, models: 'opus-5' }, { ...base, models: evil }, fiveHour];
    const status = { ...sampleSnapshot().status, limits };
    const state: EngineState = { kind: 'running', snapshot: sampleSnapshot({ status }) };
    const ids = dashboardView(sampleSources({ state })).parts.gauges.map(({ id }) => id);
    assert.equal(new Set(ids).size, 4);
    const tooltip = quotaTooltip(state, 80, sampleNow);
    assert.ok(!tooltip.includes('](command:evil)'));
    assert.match(tooltip, /23%\sof\sthe\s5-hour\swindow/);
    assert.match(tooltip, /reported by Anthropic/);
  });
});
