import assert from 'node:assert/strict';
import type { AgentRecord } from '../../../src/core/quotaEngine.ts';
import { noUsage } from '../../../src/core/usage.ts';
import { sampleNow, sampleSession, sampleSnapshot } from '../vscode/samples.ts';
import { CommandTester, healthWith } from './commandTester.ts';
import { documentSchemas } from './documentSchemas.ts';

const minute = 60_000;

describe('commands of the launcher that show something', function () {
  // Each starts a few processes one after another.
  this.timeout(60_000);
  let tester: CommandTester;

  beforeEach(async () => {
    tester = await CommandTester.start();
  });
  afterEach(() => tester.close());
  const subagent = (subagentId: string, parentId?: string): AgentRecord['subagents'][number] => ({
    subagentId,
    parentId,
    requests: 2,
    usage: { ...noUsage, outputTokens: 5 },
    lastAt: sampleNow - 3 * minute,
  });

  it('status says what there is, what is wrong and what to do', async () => {
    const line = [{ ticket: 't', agentId: 'b', place: 1, waitingSince: sampleNow }];
    tester.engine.shown = sampleSnapshot({ line, health: healthWith('warning') });
    const fine = await tester.run(['status']);
    assert.deepEqual([fine.code, fine.stderr], [0, '']);
    assert.equal(
      fine.stdout,
      [
        'Engine    running, gateway http://127.0.0.1:4000',
        'Plan      API key: 60 requests and 100k tokens a minute, 5 agents at once',
        'Health    healthy, with 1 warning',
        'Used      42%, Tokens per minute',
        'Agents    3 of 5 running, 1 waiting for a slot',
        'Today     1.2M tokens used, cache reads included',
        'Ledger    shared by all windows of this machine',
        '',
        'warning   The key was rejected.',
        '          Make a new one.',
        '',
      ].join('\n'),
    );
    tester.engine.shown = sampleSnapshot({
      health: healthWith('error'),
      ledger: { kind: 'memory', reason: 'No\nSQLite.' },
    });
    const bad = await tester.run(['status']);
    assert.deepEqual([bad.code, bad.stderr], [1, '']);
    assert.match(bad.stdout, /Health {4}something is wrong, see below/);
    assert.match(bad.stdout, /of this window only: No SQLite\.\n/);
    const [code, document] = await tester.json('status');
    const parsed = documentSchemas.status.parse(document);
    assert.equal(code, 1);
    assert.ok(!parsed.ok && parsed.error.code === 'key-rejected');
    assert.equal(parsed.at, new Date(sampleNow).toISOString().replace('.000Z', 'Z'));
  });

  it('status tells a subscription’s plan', async () => {
    const plan = { kind: 'MaxSubscription', dailyTokens: 10_000, concurrentAgents: 1 } as const;
    tester.engine.shown = sampleSnapshot({ plan });
    assert.match((await tester.run(['status'])).stdout, /Max subscription: 10k tokens a day, 1 agent at once\n/);
    const [code, document] = await tester.json('status');
    assert.deepEqual([code, documentSchemas.status.parse(document).plan], [0, plan]);
  });

  it('quota tells each limit with what is used and left of it, and its reset', async () => {
    const window = { dimension: 'fiveHour', limit: 100, used: 23, remaining: 77, percentage: 23.4 } as const;
    const { status } = sampleSnapshot();
    const reported = {
      resetsAt: sampleNow + 125 * minute,
      source: 'reported',
      reportedAt: sampleNow - 5 * minute,
    } as const;
    const limits = [...status.limits, { ...window, ...reported }];
    tester.engine.shown = sampleSnapshot({ status: { ...status, limits, pausedUntil: sampleNow + 12_000 } });
    const { code, stdout } = await tester.run(['quota']);
    assert.equal(code, 0);
    assert.equal(
      stdout,
      [
        'Plan: API key',
        '',
        'LIMIT                          USED  AMOUNT          LEFT  RESETS        AT     SOURCE',
        'Tokens per minute  ████░░░░░░   42%  42.5k of 100k  57.5k  in 26 s       12:00  from the settings',
        'Agents running     ██████░░░░   60%  3 of 5             2                       from the settings',
        '5-hour window      ██░░░░░░░░   23%                   76%  in 2 h 5 min  14:05  reported by Anthropic 5 min ago',
        '',
        '1.2M tokens used today, cache reads included.',
        'The upstream asked for a pause: requests go on in 12 s.',
        '',
      ].join('\n'),
    );
    const [, document] = await tester.json('quota');
    const parsed = documentSchemas.quota.parse(document);
    assert.equal(parsed.limits[2]?.percentage, 23.4);
    assert.equal(Date.parse(parsed.limits[2].resetsAt ?? ''), reported.resetsAt);
  });

  it('quota and status tell this machine’s part of limits that machines share', async () => {
    const { status } = sampleSnapshot();
    const limits = status.limits.map((limit) =>
      limit.dimension === 'slots'
        ? { ...limit, limit: 20, used: 12, remaining: 2, own: { used: 3, limit: 5 } }
        : { ...limit, own: { used: 10_000 } },
    );
    tester.engine.shown = sampleSnapshot({ status: { ...status, limits } });
    assert.deepEqual((await tester.run(['quota'])).stdout.split('\n').slice(2, 5), [
      'LIMIT                          USED  AMOUNT         THIS MACHINE     LEFT  RESETS   AT     SOURCE',
      'Tokens per minute  ████░░░░░░   42%  42.5k of 100k  10k             57.5k  in 26 s  12:00  from the settings',
      'Agents running     ██████░░░░   60%  12 of 20       3 of at most 5      2                  from the settings',
    ]);
    assert.match((await tester.run(['status'])).stdout, /Agents {4}12 of 20 running, this machine: 3 of at most 5\n/);
    const [, quota] = await tester.json('quota');
    assert.deepEqual(documentSchemas.quota.parse(quota).limits[1]?.own, { used: 3, limit: 5 });
    const [, shown] = await tester.json('status');
    assert.deepEqual(documentSchemas.status.parse(shown).slots, { limit: 20, used: 12, own: { used: 3, limit: 5 } });
  });

  it('quota is bad news when a limit is used up, and not when all slots are taken', async () => {
    const { status } = sampleSnapshot();
    const used = (dimension: string): typeof status.limits =>
      status.limits.map((limit) => (limit.dimension === dimension ? { ...limit, percentage: 100 } : limit));
    tester.engine.shown = sampleSnapshot({ status: { ...status, limits: used('slots') } });
    assert.equal((await tester.run(['quota'])).code, 0);
    tester.engine.shown = sampleSnapshot({ status: { ...status, limits: used('tokensPerMinute') } });
    const [code, document] = await tester.json('quota');
    assert.equal(code, 1);
    assert.equal(documentSchemas.quota.parse(document).ok, false);
  });

  it('sessions says so when there are none', async () => {
    tester.engine.shown = sampleSnapshot({ sessions: [] });
    const { code, stdout } = await tester.run(['sessions']);
    assert.deepEqual([code, stdout], [0, 'No agent has a session. Start one with agent-quota run -- claude\n']);
    const [, document] = await tester.json('sessions');
    assert.deepEqual(documentSchemas.sessions.parse(document).sessions, []);
  });

  it('sessions lists sessions, subagents under who started them, and who waits', async () => {
    tester.engine.shown = sampleSnapshot({
      sessions: [
        sampleSession({ sessionId: 'V1StGXR8_Z5jdHi6B-myT', runningRequests: 1, workspace: '商店' }),
        sampleSession({
          sessionId: '-Fx9a3GXR8_Z5jdHi6B-y',
          agentId: 'planner',
          waitingRequests: 2,
          subagents: [subagent('a1'), subagent('a2', 'a1'), subagent('a3'), subagent('a4', 'a1')],
        }),
        sampleSession({ sessionId: '9kQ', mode: 'unauthenticated', workspace: '' }),
      ],
      line: [
        { ticket: 't1', agentId: 'builder', place: 1, waitingSince: sampleNow - 2 * minute },
        { ticket: 't2', agentId: 'batch', place: 2, waitingSince: sampleNow },
      ],
    });
    const { code, stdout } = await tester.run(['sessions']);
    assert.equal(code, 0);
    assert.equal(
      stdout,
      [
        'ID        AGENT    STATE            MODE             WORKSPACE  REQS   IN  OUT  CACHE  WAIT  AGE',
        'V1StGXR8  agent-1  working          routed           商店          7  12k   45    300        5 min',
        '-Fx9a3GX  planner  waiting          routed           shop          7  12k   45    300     2  5 min',
        '          └ a1     subagent                                        2    0    5      0        3 min ago',
        '            └ a2   subagent                                        2    0    5      0        3 min ago',
        '            └ a4   subagent                                        2    0    5      0        3 min ago',
        '          └ a3     subagent                                        2    0    5      0        3 min ago',
        '9kQ       agent-1  unauthenticated  unauthenticated                7  12k   45    300        5 min',
        '',
        '2 agents wait for a slot: 1. builder (2 min), 2. batch (under 1 min)',
        '',
      ].join('\n'),
    );
    const [, document] = await tester.json('sessions');
    const parsed = documentSchemas.sessions.parse(document);
    assert.deepEqual(
      parsed.sessions.map(({ activity }) => activity),
      ['working', 'waiting', 'unauthenticated'],
    );
    assert.equal(parsed.sessions[1]?.subagents[1]?.parentId, 'a1');
    assert.equal(parsed.line[1]?.agentId, 'batch');
  });

  it('sessions lists hundreds, with all their subagents and a long line', async () => {
    const subagents = Array.from({ length: 20 }, (_, index) => subagent(`subagent-${index}`));
    tester.engine.shown = sampleSnapshot({
      sessions: Array.from({ length: 300 }, (_, index) => sampleSession({ sessionId: `session-${index}`, subagents })),
      line: Array.from({ length: 300 }, (_, index) => ({
        ticket: `t${index}`,
        agentId: `w${index}`,
        place: index + 1,
        waitingSince: sampleNow,
      })),
    });
    const { code, stdout } = await tester.run(['sessions']);
    assert.equal(code, 0);
    assert.equal(stdout.match(/^session-/gm)?.length, 300);
    assert.equal(new Set(stdout.match(/^session-\d+ /gm)).size, 300, 'each id is told from the others');
    assert.equal(stdout.match(/└ subagent-/g)?.length, 6000);
    assert.match(stdout, /\n300 agents wait for a slot: 1\. w0 .*10\. w9 \(under 1 min\) and 290 more\n$/);
    const [, document] = await tester.json('sessions');
    assert.equal(documentSchemas.sessions.parse(document).sessions.length, 300);
  });
});
