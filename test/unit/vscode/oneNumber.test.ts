import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EngineSnapshot } from '../../../src/core/quotaEngine.ts';
import { formatPercentage } from '../../../src/shared/amounts.ts';
import { dashboardView } from '../../../src/vscode/dashboardView.ts';
import type { EngineState } from '../../../src/vscode/engineState.ts';
import { quotaFace } from '../../../src/vscode/quotaFace.ts';
import { quotaTooltip } from '../../../src/vscode/quotaTooltip.ts';
import { runningAgents } from '../../../src/vscode/runningAgents.ts';
import { sessionTree } from '../../../src/vscode/sessionTree.ts';
import { statusLines } from '../../../src/vscode/statusLines.ts';
import { treeMessage } from '../../../src/vscode/treeMessage.ts';
import { sampleNow, sampleSession, sampleSnapshot, statusOf, sampleSources } from './samples.ts';

const running = (changes: Partial<EngineSnapshot>): EngineState => ({
  kind: 'running',
  snapshot: sampleSnapshot(changes),
});
const faceOf = (state: EngineState, now = sampleNow): ReturnType<typeof quotaFace> =>
  quotaFace(state, { format: '${used} · ${running}/${slots} agents', warnAtPercent: 80 }, now);
const all = { filter: '', shown: 1, sessions: 1 } as const;
const wish = { grouping: 'none', filter: '', workspace: '', inTerminal: new Set<string>() } as const;

/** What users of tools like this one complain of. */
describe('one thing, one number', () => {
  it('is the same on every surface, whatever is used', () => {
    fc.assert(
      fc.property(
        fc.float({ min: 0, max: 150, noNaN: true }),
        fc.float({ min: 0, max: 150, noNaN: true }),
        fc.nat({ max: 400 }),
        (five, week, agents) => {
          const slots = { dimension: 'slots', used: agents, limit: 400, percentage: agents / 4 } as const;
          const state = running({
            status: statusOf({ percentage: five }, { dimension: 'sevenDay', percentage: week }, slots),
          });
          const share = formatPercentage(Math.max(five, week));
          assert.ok(faceOf(state).text.startsWith(`$(pulse) ${share} `), faceOf(state).text);
          assert.ok(quotaTooltip(state, 80, sampleNow).includes(`${share}&nbsp;&nbsp; |`));
          assert.ok(dashboardView(sampleSources({ state })).parts.gauges.some((gauge) => gauge.share === share));
          assert.ok(statusLines(state, 80, sampleNow).some(({ text }) => text.endsWith(`: ${share}`)));
          assert.ok(faceOf(state).text.includes(` ${agents}/400 `));
          const count = state.kind === 'running' ? runningAgents(state.snapshot) : undefined;
          assert.equal(count?.running, agents, 'the badge');
          assert.ok(quotaTooltip(state, 80, sampleNow).includes(`${agents} of 400 agents running`));
        },
      ),
    );
  });

  it('is shown with its age wherever it is not that of now', () => {
    const old = running({ status: statusOf({ percentage: 42, reportedAt: sampleNow - 12 * 60_000 }) });
    assert.equal(faceOf(old).text, '$(pulse) 42% 12m ago · 3/5 agents');
    assert.match(faceOf(old).spoken, /42% used, as of 12 min ago/);
    assert.match(quotaTooltip(old, 80, sampleNow), /reported by Anthropic 12 min ago/);
    assert.match(dashboardView(sampleSources({ state: old })).parts.gauges[0]?.source ?? '', /12 min ago/);
    assert.match(
      statusLines(old, 80, sampleNow)
        .map(({ aside }) => aside)
        .join(),
      /12 min ago/,
    );
    assert.equal(treeMessage(old, all, sampleNow), '', 'its numbers are not those that Anthropic reports');
    const problem = { code: 'gone', severity: 'error', message: 'Gone.', nextStep: 'Reload.' } as const;
    for (const state of [
      { kind: 'stopped', problem, last: sampleSnapshot() },
      { kind: 'starting', last: sampleSnapshot() },
    ] as const) {
      assert.doesNotMatch(faceOf(state, sampleNow + 180_000).text, /\d/, 'no number at all');
      assert.match(quotaTooltip(state, 80, sampleNow + 180_000), /Numbers from 3 min ago/);
      const { live, summary } = dashboardView(sampleSources({ state, now: sampleNow + 180_000 })).parts;
      assert.equal(live, false);
      assert.match(summary, /as of 3 min ago$/);
      assert.match(treeMessage(state, all, sampleNow + 180_000), /These numbers are from 3 min ago\.$/);
    }
  });

  it('is of one account: sessions on another are marked, and said not to be in it', () => {
    const planId = 'ApiKey-a1b2c3d4e5f6';
    const sessions = [
      sampleSession({ sessionId: 'own', planId }),
      sampleSession({ sessionId: 'other', planId: 'ApiKey-ffffffffffff' }),
      sampleSession({ sessionId: 'none', planId: 'ApiKey-ffffffffffff', mode: 'unauthenticated' }),
    ];
    const tooltip = quotaTooltip(running({ planId, sessions }), 80, sampleNow);
    assert.match(tooltip, /plan: API key, account a1b2/);
    assert.match(tooltip, /1 session on other accounts, not counted here/);
    const { rows } = sessionTree(sampleSnapshot({ planId, sessions }), wish, sampleNow);
    const marked = ['own', 'other', 'none'].map((id) => rows.get(id)?.description.endsWith('other account'));
    assert.deepEqual(marked, [false, true, false]);
  });
});
