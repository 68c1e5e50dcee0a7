import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Problem } from '../../../src/core/credentials.ts';
import type { EngineSnapshot } from '../../../src/core/quotaEngine.ts';
import { dashboardView } from '../../../src/vscode/dashboardView.ts';
import type { EngineState } from '../../../src/vscode/engineState.ts';
import { quotaFace } from '../../../src/vscode/quotaFace.ts';
import { quotaTooltip, tooltipCommands } from '../../../src/vscode/quotaTooltip.ts';
import { statusLines } from '../../../src/vscode/statusLines.ts';
import {
  defaultStatusBarFormat,
  longestStatusBarText,
  statusBarPlaceholders,
} from '../../../src/vscode/statusBarFormat.ts';
import type { Dimension } from '../../../src/shared/limitStatus.ts';
import { sampleNow, sampleSnapshot, statusOf, sampleSources } from './samples.ts';

const gone: Problem = { code: 'gone', severity: 'error', message: 'The engine is gone.', nextStep: 'Reload.' };
const noKey: Problem = { code: 'no-credentials', severity: 'error', message: 'No key.', nextStep: 'Set one.' };
const running = (changes: Partial<EngineSnapshot> = {}): EngineState => ({
  kind: 'running',
  snapshot: sampleSnapshot(changes),
});
const used = (dimension: Dimension, percentage: number): EngineState =>
  running({ status: statusOf({ dimension, percentage }) });
const face = (state: EngineState, format = defaultStatusBarFormat): ReturnType<typeof quotaFace> =>
  quotaFace(state, { format, warnAtPercent: 80 }, sampleNow);

/** Without the gaps between columns. */
const plain = (text: string): string => text.replaceAll('&nbsp;', '').replaceAll('\u00a0', ' ');

describe('status bar', () => {
  it('says the quota used and the agents running', () => {
    const { text, spoken, level } = face(running());
    assert.equal(text, '$(pulse) 42% · 3/5 agents');
    assert.equal(spoken, 'Agent Quota: Tokens per minute 42% used, 3 of 5 agents running');
    assert.equal(level, 'normal');
  });

  it('warns near the limit and alarms at it', () => {
    const levels = (dimension: Dimension): string[] =>
      [79.9, 80, 99.9, 100, 140].map((percentage) => face(used(dimension, percentage)).level);
    assert.deepEqual(levels('fiveHour'), ['normal', 'warning', 'warning', 'error', 'error']);
    assert.deepEqual(
      levels('tokensPerMinute'),
      ['normal', 'warning', 'warning', 'warning', 'warning'],
      'requests wait',
    );
    assert.deepEqual(levels('slots'), ['normal', 'normal', 'normal', 'normal', 'normal'], 'the next agent waits');
  });

  it('says what the user wants it to say, in the room that there is', () => {
    const all = statusBarPlaceholders.map((name) => `\${${name}}`).join(' · ');
    assert.equal(
      face(running(), '${limit} ${left} · ${waiting} · ${tokens} ${rate}').text,
      '$(pulse) tokens/min 57% · 1.2M…',
    );
    assert.equal(face(running(), '${used} · ${waiting} · ${reset}').text, '$(pulse) 42% · 1m');
    assert.equal(face(running(), 'Claude').text, '$(pulse) Claude');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 1e12 }), (count, age) => {
        const limit = { dimension: 'fiveHour', percentage: count, reportedAt: sampleNow - age } as const;
        const line = Array.from({ length: count }, () => ({ ticket: 't', agentId: 'a', place: 1, waitingSince: 0 }));
        const state = running({ status: statusOf(limit, { dimension: 'slots', used: count, limit: count }), line });
        for (const format of [defaultStatusBarFormat, all, 'x'.repeat(200)]) {
          const shown = face(state, format).text.replace(/^\$\([\w~-]+\) /, '');
          assert.ok(shown.length <= longestStatusBarText && shown.length > 0, shown);
        }
      }),
    );
  });

  it('says when there are no credentials, no engine, or agents in line', () => {
    const health = { healthy: false, activeAgents: 0, quotaPercentage: 0, problems: [noKey] };
    assert.equal(face(running({ health })).text, '$(key) No credentials');
    assert.match(face({ kind: 'starting', last: undefined }).spoken, /starting/);
    assert.match(face({ kind: 'stopped', problem: gone, last: undefined }).spoken, /not running/);
    const line = [{ ticket: 't', agentId: 'agent-6', place: 1, waitingSince: sampleNow }];
    assert.equal(face(running({ line })).text, '$(pulse) 42% · 3/5 agents +1');
  });
});

describe('status bar tooltip', () => {
  it('has the plan, each limit with its reset, and only links that it may run', () => {
    const text = plain(quotaTooltip(running(), 80, sampleNow));
    assert.match(text, /plan: API key/);
    assert.match(text, /\| Tokens per minute \| ████░░░░░░ \| 42% \| 42\.5k of 100k tokens \| resets in 26 s \|/);
    assert.match(text, /1\.2M tokens used today/);
    for (const [, link] of text.matchAll(/\(command:([^)]+)\)/g)) assert.ok(tooltipCommands.some((id) => id === link));
  });

  it('shows names and problems as text, whatever they contain', () => {
    const problem = { ...noKey, message: '[x](command:evil) <b>|`*' };
    const health = { healthy: false, activeAgents: 0, quotaPercentage: 0, problems: [problem] };
    const text = quotaTooltip(running({ health }), 80, sampleNow);
    assert.ok(!text.includes('](command:evil)') && !text.includes('<b>'));
  });

  it('marks the numbers of an engine that does not run as old', () => {
    const state: EngineState = { kind: 'stopped', problem: gone, last: sampleSnapshot() };
    const text = quotaTooltip(state, 80, sampleNow + 180_000);
    assert.match(text, /The engine is gone\. Reload\./);
    assert.match(text, /Numbers from 3 min ago/);
  });
});

describe('all surfaces', () => {
  it('show the same numbers', () => {
    const { parts } = dashboardView(sampleSources({ state: running() }));
    const tooltip = plain(quotaTooltip(running(), 80, sampleNow));
    const lines = statusLines(running(), 80, sampleNow).map(({ text, aside }) => `${text} ${aside}`);
    for (const { label, share, amount, reset, source } of parts.gauges) {
      assert.ok(tooltip.includes(`| ${share} | ${amount} | ${reset} |`), label);
      assert.ok(
        lines.some((line) => [`${label}: ${share}`, amount, source].every((part) => line.includes(part))),
        label,
      );
    }
  });

  it('lead on from every problem', () => {
    const health = { healthy: false, activeAgents: 0, quotaPercentage: 0, problems: [noKey] };
    const line = statusLines(running({ health }), 80, sampleNow).find(({ text }) => text === noKey.message);
    assert.equal(line?.detail, noKey.nextStep);
    const [note] = dashboardView(sampleSources({ state: running({ health }) })).parts.notes;
    assert.deepEqual([note?.message, note?.nextStep], [noKey.message, noKey.nextStep]);
  });
});
