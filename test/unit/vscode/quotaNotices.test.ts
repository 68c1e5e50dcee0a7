import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ToldOnce } from '../../../src/told/toldOnce.ts';
import type { EngineSnapshot } from '../../../src/core/quotaEngine.ts';
import type { LimitStatus } from '../../../src/shared/limitStatus.ts';
import { isShownAsUsedUp } from '../../../src/vscode/usedUpShown.ts';
import { NoticesTestWindow } from './noticesTestWindow.ts';
import { sampleNow, sampleSession, sampleSnapshot, statusOf } from './samples.ts';

const minute = 60_000;

describe('notifications about limits', () => {
  let directory: string;
  const window = (): NoticesTestWindow =>
    new NoticesTestWindow(new ToldOnce(directory, { now: () => Date.now(), after: () => () => undefined }));

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'aq-told-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('come when a share is passed, once each until the limit starts anew', async () => {
    const one = window();
    for (const percentage of [10, 74.9, 75, 76, 74, 80, 91, 99, 100, 120]) {
      one.used(percentage);
      await one.settled();
    }
    assert.deepEqual(one.texts, [
      '5-hour window: 75% is used. It starts anew in 1 h.',
      '5-hour window: 90% is used. It starts anew in 1 h.',
      '5-hour window: all of it is used. Agents are refused until it starts anew in 1 h.',
    ]);
    one.used(3, { resetsAt: sampleNow + 300 * minute });
    one.used(78, { resetsAt: sampleNow + 300 * minute });
    await one.settled();
    assert.equal(one.shown.length, 4);
  });

  it('come again for the day’s tokens after the user has changed their limit, in one window of two', async () => {
    const windows = [window(), window()];
    const used = async (percentage: number, limit: number, own?: LimitStatus['own']): Promise<void> => {
      for (const one of windows) {
        one.used(percentage, { dimension: 'tokensPerDay', limit, ...(own !== undefined && { own }) });
        await one.settled();
      }
    };
    for (const percentage of [10, 76]) await used(percentage, 1000);
    await used(40, 2000);
    await used(80, 2000, { used: 5, limit: 900 });
    await used(40, 2000);
    await used(80, 2000, { used: 5, limit: 800 });
    const text = 'Tokens today: 75% is used. It starts anew in 1 h.';
    assert.deepEqual(
      windows.map(({ texts }) => texts),
      [[text, text], []],
    );
  });

  it('do not say what the status bar said already when the window was opened, nor the limits of a minute', async () => {
    const one = window();
    one.used(92);
    one.used(93);
    one.used(100, { dimension: 'tokensPerMinute' });
    await one.settled();
    assert.deepEqual(one.texts, []);
  });

  it('come once where several shares are passed at once, and for a limit that is first reported late', async () => {
    const one = window();
    one.tell({ status: statusOf() });
    one.used(95);
    await one.settled();
    assert.deepEqual(one.texts, ['5-hour window: 90% is used. It starts anew in 1 h.']);
  });

  it('come in one window of several, that which has the focus, though reports differ by seconds', async () => {
    const windows = [window(), window(), window()];
    for (const [index, one] of windows.entries()) {
      one.focused = index === 1;
      one.used(10);
      one.used(80, { resetsAt: sampleNow + 60 * minute + index });
    }
    for (const one of windows) await one.settled(0);
    for (const one of windows) await one.settled();
    assert.deepEqual(
      windows.map(({ shown }) => shown.length),
      [0, 1, 0],
    );
  });

  it('come for each of two accounts', async () => {
    const [a, b] = [window(), window()];
    for (const [one, planId] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      one.tell({ planId, status: statusOf({ percentage: 1 }) });
      one.tell({ planId, status: statusOf({ percentage: 76 }) });
      await one.settled();
    }
    assert.deepEqual([a.shown.length, b.shown.length], [1, 1]);
  });

  it('are not shown again when the user says so, or has said so', async () => {
    const one = window();
    one.press = 'Don’t Show Again';
    one.used(10);
    one.used(80);
    await one.settled();
    assert.deepEqual(one.written, [['agentQuota.notifyAtPercent', []]]);
    const silent = window();
    silent.settings = { ...silent.settings, notifyAtPercent: [], earlyWarnings: false };
    silent.used(10);
    silent.used(100);
    await silent.settled();
    assert.deepEqual(silent.texts, []);
  });

  it('do what their buttons say', async () => {
    const one = window();
    one.press = 'Pause Agents…';
    one.used(10);
    one.used(80);
    await one.settled();
    assert.deepEqual(one.ran, [['agentQuota.pauseSession']]);
  });

  it('leave the end of the day’s tokens to the question about them, and refusals to the alarm', async () => {
    const one = window();
    one.asksInstead = true;
    one.used(10, { dimension: 'tokensPerDay' });
    one.used(100, { dimension: 'tokensPerDay' });
    await one.settled();
    assert.deepEqual(one.texts, []);
    const refused = { code: 'window-used-up', severity: 'warning', message: 'm', nextStep: 'n' } as const;
    const shown = (percentage: number): boolean =>
      isShownAsUsedUp({ kind: 'running', snapshot: sampleSnapshot({ status: statusOf({ percentage }) }) }, refused);
    assert.deepEqual([shown(100), shown(99)], [true, false]);
  });
});

describe('early warnings', () => {
  let directory: string;
  const window = (): NoticesTestWindow =>
    new NoticesTestWindow(new ToldOnce(directory, { now: () => Date.now(), after: () => () => undefined }));

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'aq-told-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const likely = (percentage: number, changes = {}): Partial<EngineSnapshot> => ({
    status: statusOf({ percentage, resetsAt: sampleNow + 180 * minute }),
    projections: [
      {
        dimension: 'fiveHour',
        perHour: 40,
        perHourRange: [30, 50],
        reachedAt: sampleNow + 60 * minute,
        resetsAt: sampleNow + 180 * minute,
        outlook: 'likely',
        measuredMs: 30 * minute,
        ...changes,
      },
    ],
    tokensPerMinute: 2400,
  });
  const hold = async (one: NoticesTestWindow, changes: Partial<EngineSnapshot>): Promise<void> => {
    for (let i = 0; i < 4; i++) {
      one.tell(changes);
      await one.settled(30_000);
    }
  };

  it('say once that the pace is too high, in how long, who it is, and what to do', async () => {
    const [one, other] = [window(), window()];
    await hold(one, likely(60));
    await hold(one, likely(62));
    await hold(other, likely(60));
    assert.deepEqual(one.shown, [
      {
        text: 'At the present pace the 5-hour window is used up in 59 min, 2 h before the reset. agent-1 uses 100% of the tokens now.',
        buttons: ['Pause…', 'Limit Agents', 'Release…', 'Don’t Show Again'],
      },
    ]);
    assert.deepEqual(other.texts, []);
  });

  it('come again after the user has changed the limit of the day', async () => {
    const one = window();
    const ofDay = (limit: number): Partial<EngineSnapshot> => {
      const changes = likely(60, { dimension: 'tokensPerDay' });
      const resetsAt = sampleNow + 180 * minute;
      return { ...changes, status: statusOf({ dimension: 'tokensPerDay', percentage: 60, limit, resetsAt }) };
    };
    await hold(one, ofDay(1000));
    await hold(one, ofDay(1000));
    assert.equal(one.shown.length, 1);
    await hold(one, ofDay(1500));
    assert.equal(one.shown.length, 2);
  });

  it('do not come of a burst, of too short a look, early in a period, after the alarm, or when the reset comes first', async () => {
    const one = window();
    one.tell(likely(60));
    await one.settled(30_000);
    one.tell({ ...likely(60), projections: [] });
    await one.settled(90_000);
    one.tell(likely(60));
    await one.settled(30_000);
    await hold(one, likely(60, { measuredMs: minute }));
    await hold(one, likely(20));
    await hold(one, likely(93));
    await hold(one, likely(60, { outlook: 'possible', reachedAt: sampleNow + 200 * minute }));
    assert.deepEqual(
      one.texts.filter((text) => text.startsWith('At the present pace')),
      [],
    );
  });

  it('name a session that takes far more than its share while others wait, with its subagents', async () => {
    const usage = sampleSession().usage;
    const greedy = sampleSession({
      sessionId: 'greedy',
      agentId: 'reviewer',
      tokensPerMinute: 9000,
      subagents: [{ subagentId: 'a', parentId: undefined, requests: 1, usage, lastAt: sampleNow }],
    });
    const waits = sampleSession({ sessionId: 'waits', tokensPerMinute: 0, waitingRequests: 1 });
    const idle = sampleSession({ sessionId: 'idle', tokensPerMinute: 0 });
    const short = statusOf({ dimension: 'tokensPerMinute', percentage: 97, resetsAt: sampleNow + 1000 });
    const one = window();
    const snapshot = { sessions: [greedy, waits, idle], status: short, tokensPerMinute: 9000 };
    await hold(one, snapshot);
    assert.deepEqual(one.shown, [
      {
        text: 'reviewer uses 100% of the tokens now (1 subagent, 100% of its use so far), where its share among 2 agents is 50%.',
        buttons: ['Pause It', 'Set Weight…', 'Release It', 'Don’t Show Again'],
      },
    ]);
    const calm = window();
    await hold(calm, { ...snapshot, sessions: [{ ...greedy, sessionId: 'alone' }, idle] });
    await hold(calm, { ...snapshot, status: statusOf({ dimension: 'tokensPerMinute', percentage: 50 }) });
    const weighed = { ...greedy, sessionId: 'weighed', weight: 20 };
    await hold(calm, {
      ...snapshot,
      sessions: [
        { ...weighed, tokensPerMinute: 800 },
        { ...waits, tokensPerMinute: 200 },
      ],
      tokensPerMinute: 1000,
    });
    assert.deepEqual(calm.texts, [], 'nobody is kept from anything, or it is the user’s word');
  });
});
