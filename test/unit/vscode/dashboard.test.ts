import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Problem } from '../../../src/core/credentials.ts';
import { problems } from '../../../src/core/problems.ts';
import { toDashboardSchema } from '../../../src/shared/dashboardMessages.ts';
import type { DashboardRow } from '../../../src/shared/dashboardParts.ts';
import type { SharedState } from '../../../src/core/sharedState.ts';
import { noUsage } from '../../../src/core/usage.ts';
import type { LimitProjection } from '../../../src/shared/limitProjection.ts';
import type { RecentEvent } from '../../../src/shared/recentEvent.ts';
import { DashboardChanges } from '../../../src/vscode/dashboardChanges.ts';
import { dashboardView, type DashboardView } from '../../../src/vscode/dashboardView.ts';
import type { EngineState } from '../../../src/vscode/engineState.ts';
import { dashboardEvent } from '../../../src/vscode/eventText.ts';
import { quotaTooltip } from '../../../src/vscode/quotaTooltip.ts';
import {
  sampleMachine,
  sampleNow,
  sampleOtherSession,
  sampleSession,
  sampleSnapshot,
  sampleSources,
  statusOf,
} from './samples.ts';

const gone: Problem = { code: 'gone', severity: 'error', message: 'The engine is gone.', nextStep: 'Reload.' };
const line = [{ ticket: 't', agentId: 'agent-6', place: 2, waitingSince: sampleNow }];
const hour = 3_600_000;

const projection: LimitProjection = {
  dimension: 'tokensPerMinute',
  perHour: 20_000,
  perHourRange: [10_000, 30_000],
  reachedAt: sampleNow + hour,
  earliestAt: sampleNow + hour / 2,
  latestAt: sampleNow + 2 * hour,
  resetsAt: sampleNow + 4 * hour,
  outlook: 'likely',
  measuredMs: hour,
};

describe('dashboard', () => {
  it('gets what its schema wants in every state of the engine', () => {
    const states: EngineState[] = [
      { kind: 'starting', last: undefined },
      { kind: 'stopped', problem: gone, last: sampleSnapshot() },
      {
        kind: 'running',
        snapshot: sampleSnapshot({
          line,
          projections: [projection],
          sessions: [sampleSession({ pausedAt: sampleNow, weight: 2, cost: { usd: 0.5, unpricedRequests: 1 } })],
          ledger: { kind: 'memory', reason: 'no SQLite.' },
        }),
      },
      { kind: 'running', snapshot: sampleSnapshot({ status: statusOf({ own: { used: 3, limit: 5 } }) }) },
    ];
    for (const state of states) {
      const { parts, rows } = dashboardView(sampleSources({ state }));
      const message = { type: 'show', parts, rows: [...rows] };
      assert.deepEqual(toDashboardSchema.parse(message), message);
      assert.equal(parts.live, state.kind === 'running');
    }
  });

  it('says once that requests pause and that the ledger is in memory, as all other surfaces do', () => {
    const base = sampleSnapshot({ ledger: { kind: 'memory', reason: 'no SQLite.' } });
    const found = [problems.paused(sampleNow + hour), problems.inMemory('no SQLite.')];
    const status = { ...base.status, pausedUntil: sampleNow + hour };
    const state: EngineState = {
      kind: 'running',
      snapshot: { ...base, status, health: { ...base.health, problems: found } },
    };
    const { notes } = dashboardView(sampleSources({ state })).parts;
    assert.deepEqual(
      notes.map(({ message }) => message),
      found.map(({ message }) => message),
    );
    const tooltip = quotaTooltip(state, 80, sampleNow);
    assert.equal(tooltip.match(/a pause/g)?.length, 1);
    assert.equal(tooltip.match(/no SQLite/g)?.length, 1);
  });

  it('lists sessions, then who waits', () => {
    const state: EngineState = { kind: 'running', snapshot: sampleSnapshot({ line }) };
    const { rows } = dashboardView(sampleSources({ state }));
    assert.deepEqual(
      rows.map(({ agent, state: said, session }) => [agent, said, session?.figures.tokens]),
      [
        ['agent-1', 'ready', 12_345],
        ['agent-6', 'waiting, place 2', undefined],
      ],
    );
  });

  it('says what a session does, and what can be done to it', () => {
    const rowOf = (session: Parameters<typeof sampleSession>[0]): DashboardRow | undefined => {
      const state: EngineState = { kind: 'running', snapshot: sampleSnapshot({ sessions: [sampleSession(session)] }) };
      return dashboardView(sampleSources({ state, inTerminals: new Set(['session-1']) })).rows[0];
    };
    const paused = rowOf({ pausedAt: sampleNow, weight: 2 });
    assert.equal(paused?.activity, 'paused');
    assert.deepEqual(
      [paused.session?.paused, paused.session?.weight, paused.session?.hasTerminal, paused.session?.steerable],
      [true, 2, true, true],
    );
    const without = rowOf({ mode: 'unauthenticated' });
    assert.deepEqual([without?.state, without?.session?.steerable], ['without quota', false]);
    assert.match(rowOf({ planId: 'another' })?.state ?? '', /other account/);
  });

  it('says where the pace of a limit leads, and how sure that is', () => {
    const gauge = (changes: Partial<LimitProjection>) => {
      const snapshot = sampleSnapshot({ projections: [{ ...projection, ...changes }] });
      return dashboardView(sampleSources({ state: { kind: 'running', snapshot } })).parts.gauges[0]?.pace;
    };
    assert.deepEqual(gauge({}), {
      text: '20k an hour: used up in 1 h (30 min to 2 h), before the reset.',
      projected: 42.5 + 80,
      level: 'error',
    });
    assert.match(gauge({ latestAt: sampleNow + 5 * hour })?.text ?? '', /30 min to not before the reset/);
    assert.match(gauge({ outlook: 'possible' })?.text ?? '', /lasts until the reset, but may be used up in 30 min/);
    assert.match(gauge({ outlook: 'unlikely', measuredMs: 60_000 })?.text ?? '', /until the reset\. A first guess\.$/);
    assert.equal(gauge({ outlook: 'reached' })?.text, 'Used up');
    assert.equal(gauge({ perHour: 0, outlook: 'unlikely' })?.text, 'Nothing used of late');
  });

  it('says how much of a shared quota is this machine’s, and when that cannot be known', () => {
    const used = (inputTokens: number) => ({ usage: { ...noUsage, inputTokens } });
    const machines = [sampleMachine({ sessions: [sampleOtherSession(used(3000)), sampleOtherSession(used(5000))] })];
    const notes = (shared?: SharedState) => {
      const sessions = [sampleSession(used(4000))];
      const snapshot = sampleSnapshot({ sessions, ...(shared !== undefined && { shared }) });
      return dashboardView(sampleSources({ state: { kind: 'running', snapshot } })).parts.notes;
    };
    const [part, ...more] = notes({ kind: 'live', machines });
    assert.deepEqual(more, []);
    assert.equal(
      part?.message,
      'This quota is shared with 1 other machine, and its limits count all of them. ' +
        'Live sessions: 3, of which this machine has 1. Their tokens: 12k, of which it has 4k.',
    );
    const away = notes({ kind: 'waiting', machines, awaySince: sampleNow, message: 'Start the server.' });
    assert.deepEqual(
      away.map(({ id, level, nextStep }) => [id, level, nextStep]),
      [
        ['shared-away', 'warning', 'Start the server.'],
        ['shared', 'information', 'The view Agent Sessions lists each machine.'],
      ],
    );
    assert.deepEqual(notes({ kind: 'live', machines: [] }), []);
    assert.deepEqual(notes(), []);
  });

  it('tells of every kind of event in words', () => {
    const session = { sessionId: 'session-1', agentId: 'agent-1' };
    const at = { id: 1, at: sampleNow };
    const events: readonly (readonly [RecentEvent, RegExp])[] = [
      [{ ...at, kind: 'waited', session, requests: 3, longestMs: 4000 }, /3 requests of agent-1 waited up to 4 s/],
      [{ ...at, kind: 'refused', session, requests: 1, why: 'Too long.' }, /1 request of agent-1 refused: Too long\./],
      [{ ...at, kind: 'limited', session, requests: 1, status: 529 }, /1 request of agent-1 with 529/],
      [{ ...at, kind: 'limit-changed', dimension: 'tokensPerDay', from: 1000, to: 500 }, /Tokens today: .*500.*1k/],
      [{ ...at, kind: 'fault', code: 'x', message: 'It broke.' }, /^It broke\.$/],
      [{ ...at, kind: 'fault-over', code: 'x', message: 'It broke.' }, /Over: It broke\./],
      [{ ...at, kind: 'session-started', session }, /agent-1 started/],
      [{ ...at, kind: 'session-ended', session: { ...session, agentId: '' } }, /session session-1 ended/],
    ];
    for (const [event, words] of events) assert.match(dashboardEvent(event).text, words);
  });
});

describe('what of the dashboard has changed', () => {
  const viewOf = (names: readonly string[], summary = ''): DashboardView => {
    const { parts } = dashboardView(sampleSources());
    const rows = names.map((agent, index): DashboardRow => ({
      id: String(index),
      agent,
      activity: 'ready',
      state: 'ready',
      model: '',
      workspace: '',
      since: 0,
      age: '',
    }));
    return { parts: { ...parts, summary }, rows: rows.filter(({ agent }) => agent !== '') };
  };

  it('is all at first, and nothing when nothing has', () => {
    const changes = new DashboardChanges();
    assert.equal(changes.take(viewOf(['a', 'b']))?.type, 'show');
    assert.equal(changes.take(viewOf(['a', 'b'])), undefined);
    changes.forget();
    assert.equal(changes.take(viewOf(['a', 'b']))?.type, 'show');
  });

  it('leads from any view to any other', () => {
    const names = fc.array(fc.constantFrom('', 'a', 'b'), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(fc.tuple(names, fc.constantFrom('x', 'y')), { minLength: 1, maxLength: 6 }), (steps) => {
        const changes = new DashboardChanges();
        const rows = new Map<string, DashboardRow>();
        let summary: string | undefined;
        for (const [agents, said] of steps) {
          const wanted = viewOf(agents, said);
          const message = changes.take(wanted);
          if (message?.type === 'show') rows.clear();
          if (message?.type === 'change') for (const id of message.gone) rows.delete(id);
          if (message?.type === 'show' || message?.type === 'change') {
            for (const row of message.rows) rows.set(row.id, row);
            summary = message.parts.summary ?? summary;
          }
          assert.deepEqual(new Map(wanted.rows.map((row) => [row.id, row])), new Map([...rows].sort()));
          assert.equal(summary, said);
        }
      }),
    );
  });
});
