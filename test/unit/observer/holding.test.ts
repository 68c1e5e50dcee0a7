import assert from 'node:assert/strict';
import type { IntakeHandler } from '../../../src/observer/observerIntake.ts';
import { hookIntake, type ClaudeSession } from '../../../src/observer/hookIntake.ts';
import { RunningTurns } from '../../../src/observer/runningTurns.ts';
import { statusLineIntake } from '../../../src/observer/statusLineIntake.ts';
import { admitStep } from '../../../src/core/stepAdmission.ts';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import type { LiveSession } from '../../../src/core/session.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { ManagerTester } from '../core/managerTester.ts';
import { watched } from '../core/watched.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { silentLogger } from '../ledger/silentLogger.ts';

const entry = (requestId: string, input: number) => ({ usage: tokens(input, 0), model: 'claude-opus-5', requestId });
const hook = { session_id: 'c1', transcript_path: '/t/c1.jsonl', hook_event_name: 'x' };
const longestWaitMs = 180_000;

describe('hooks and status lines of observed agents', () => {
  let tester: ManagerTester;
  let turns: RunningTurns;
  let hooks: ReadonlyMap<string, IntakeHandler>;
  let statusLine: IntakeHandler;
  let session: LiveSession;
  const seen: ClaudeSession[] = [];
  const over: string[] = [];
  const heard: string[] = [];
  const never = new AbortController().signal;

  beforeEach(async () => {
    tester = new ManagerTester(maxSubscriptionPlan({ dailyTokens: 100_000, concurrentAgents: 4 }));
    const { manager, clock, ledger } = tester;
    turns = new RunningTurns(manager, clock, silentLogger);
    const steps = { view: () => manager.view(), onChange: ledger.onChange.bind(ledger), clock, longestWaitMs };
    seen.length = 0;
    over.length = 0;
    heard.length = 0;
    hooks = hookIntake({
      turns,
      admitStep: (sessionId, signal) => admitStep(steps, sessionId, signal),
      claudeSessionSeen: (found) => seen.push(found),
      heard: (_session, source) => heard.push(source),
      turnOver: (sessionId) => over.push(sessionId),
      clock,
    });
    statusLine = statusLineIntake({
      observe: (report, sessionId) => manager.observe(report, sessionId),
      view: (sessionId) => manager.view(sessionId),
      clock,
    });
    session = await live('a');
  });
  afterEach(() => {
    turns.dispose();
  });

  async function live(agentId: string): Promise<LiveSession> {
    const sessionId = await tester.session(agentId);
    const found = (await tester.ledger.liveSessions()).find((one) => one.sessionId === sessionId);
    assert.ok(found !== undefined);
    return found;
  }
  const call = (event: string, signal = never) => {
    const handler = hooks.get(event);
    assert.ok(handler !== undefined);
    return watched(handler(session, hook, signal));
  };
  const tell = (used_percentage: number, resetsAt: number, whose = session) =>
    statusLine(whose, { rate_limits: { five_hour: { used_percentage, resets_at: resetsAt / 1000 } } }, never);
  const inSeconds = (seconds: number): number => tester.clock.now() + seconds * 1000;

  it('books what is told in the running turn, also a moment after its end', async () => {
    assert.equal(await call('UserPromptSubmit').promise, undefined);
    assert.deepEqual(await tester.underWay(), [0, 1]);
    assert.deepEqual(seen[0], { session, claudeSessionId: 'c1', transcriptPath: '/t/c1.jsonl' });
    await turns.book(session.sessionId, entry('r1', 4000));
    assert.equal(await tester.used('tokensPerDay'), 16_000, 'it takes the place of what is held');
    assert.deepEqual(over, []);
    await call('Stop').promise;
    assert.deepEqual(over, [session.sessionId]);
    assert.deepEqual(heard, ['hooks', 'turn', 'hooks']);
    await turns.book(session.sessionId, entry('r2', 500));
    await tester.clock.advance(3000);
    assert.deepEqual(await tester.underWay(), [0, 0]);
    assert.equal(await tester.used('tokensPerDay'), 4500);
  });

  it('ends each turn of a session whose prompts are admitted together', async () => {
    const { manager, clock } = tester;
    const admitted: (() => void)[] = [];
    const together = new RunningTurns(
      {
        admitTurn: async (...args) => {
          const turn = await manager.admitTurn(...args);
          await new Promise<void>((resolve) => admitted.push(resolve));
          return turn;
        },
        book: (...args) => manager.book(...args),
      },
      clock,
      silentLogger,
    );
    const begun = [1, 2, 3].map(() => together.begin(session.sessionId, never));
    await settled();
    assert.deepEqual(await tester.underWay(), [0, 3]);
    for (const go of admitted) go();
    await Promise.all(begun);
    assert.deepEqual(await tester.underWay(), [0, 1]);
    together.end(session.sessionId);
    await clock.advance(3000);
    assert.deepEqual([await tester.underWay(), clock.timers], [[0, 0], 0]);
    together.dispose();
  });

  it('takes a turn for over that nothing is heard of', async () => {
    await call('UserPromptSubmit').promise;
    await tester.clock.advance(200_000);
    await call('PreToolUse').promise;
    await tester.clock.advance(200_000);
    assert.deepEqual(await tester.underWay(), [0, 1]);
    await tester.clock.advance(100_000);
    assert.deepEqual(await tester.underWay(), [0, 0]);
  });

  it('has an agent take a slot again whose turn has stood still for so long that others got it', async () => {
    const plan = maxSubscriptionPlan({ dailyTokens: 100_000, concurrentAgents: 1 });
    await tester.manager.configure({ planId: plan.kind, plan, agents: [], dailyTokens: 'fallback' }, longestWaitMs);
    await call('UserPromptSubmit').promise;
    await tester.clock.advance(31 * 60_000);
    assert.ok(await tester.ledger.idleSession(session.sessionId, tester.clock.now()));
    const other = await live('b');
    const idle = (await tester.ledger.liveSessions()).find(({ sessionId }) => sessionId === session.sessionId);
    assert.ok(idle?.state === 'idle');
    const handler = hooks.get('PreToolUse');
    assert.ok(handler !== undefined);
    const step = watched(handler(idle, hook, never));
    await tester.clock.advance(10_000);
    assert.equal(step.state, 'pending', 'the other has the slot');
    await tester.manager.release(other.sessionId, 'process-ended');
    await tester.clock.advance(1000);
    assert.match(JSON.stringify(await step.promise), /held this for/);
    const states = (await tester.ledger.liveSessions()).map(({ state }) => state);
    assert.deepEqual(states, ['active']);
    assert.deepEqual(await tester.underWay(), [0, 1]);
  });

  it('stops turns and steps when the day is used up, with the reason', async () => {
    await call('UserPromptSubmit').promise;
    await turns.book(session.sessionId, entry('r1', 100_000));
    const stopped = await call('PreToolUse').promise;
    assert.match(
      JSON.stringify(stopped),
      /"continue":false,"stopReason":"The tokens of today do not suffice.*Go on after/,
    );
    const blocked = await call('UserPromptSubmit').promise;
    assert.match(
      JSON.stringify(blocked),
      /"decision":"block","reason":"The tokens of today do not suffice.*Go on after/,
    );
  });

  it('lets steps wait for a window that opens soon and for a paused session, and stops those of a released one', async () => {
    await tell(100, inSeconds(30));
    const step = call('PreToolUse');
    await tester.clock.advance(29_000);
    assert.equal(step.state, 'pending');
    await tester.clock.advance(1000);
    assert.match(JSON.stringify(await step.promise), /held this for 30 seconds/);
    await tester.manager.steer(session.sessionId, { paused: true });
    const paused = call('PreToolUse');
    await tester.clock.advance(10_000);
    assert.equal(paused.state, 'pending');
    await tester.manager.steer(session.sessionId, { paused: false });
    await tester.clock.advance(500);
    assert.equal(paused.state, 'resolved');
    await tester.manager.release(session.sessionId, 'released');
    assert.match(JSON.stringify(await call('PreToolUse').promise), /This session has ended/);
  });

  it('leaves the line with an agent that is interrupted', async () => {
    await tell(100, inSeconds(30));
    const gone = new AbortController();
    const waits = call('UserPromptSubmit', gone.signal);
    await tester.clock.advance(1000);
    assert.deepEqual(await tester.underWay(), [1, 0]);
    gone.abort(new Error('gone'));
    await assert.rejects(waits.promise, /gone/);
    assert.deepEqual(await tester.underWay(), [0, 0]);
  });

  it('keeps the newest report of a window, whoever tells an older one later', async () => {
    const other = await live('b');
    const resetsAt = inSeconds(3600);
    await tell(40, resetsAt);
    await tell(30, resetsAt, other);
    await tell(90, inSeconds(-60), other);
    assert.equal(await tester.used('fiveHour'), 40);
    await tell(41, resetsAt, other);
    await tell(40, resetsAt);
    assert.equal(await tester.used('fiveHour'), 41);
    await tell(3, inSeconds(18_000));
    assert.equal(await tester.used('fiveHour'), 3, 'a window that has started anew');
    for (const nonsense of [undefined, 7, {}, { rate_limits: { five_hour: { used_percentage: 'a' } } }])
      await statusLine(session, nonsense, never);
    assert.equal(await tester.used('fiveHour'), 3);
  });
});
