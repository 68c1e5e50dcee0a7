import { noUsage } from '../../../src/core/usage.ts';
import assert from 'node:assert/strict';
import { noTokens } from '../../../src/core/tokenEstimate.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { terms } from '../ledger/terms.ts';
import { apiKey, CoordinatorTester, fails, subscription } from './coordinatorTester.ts';
import { watched } from './watched.ts';
import { outcome } from './managerTester.ts';

const minutes = 60_000;
const plan = apiKeyPlan({ concurrentAgents: 5, requestsPerMinute: 2 });

describe('keeping sessions', () => {
  it('ends those whose process is gone, within a second', async () => {
    const tester = new CoordinatorTester(plan).configure();
    await tester.opened('a', { process: { pid: 5 } });
    await tester.opened('b');
    const [token = ''] = tester.secrets.tokens;
    tester.processes.end(5);
    await tester.clock.advance(1000);
    assert.deepEqual(await tester.states(), ['b active']);
    const owner = await tester.manager.ownerOfToken(token);
    assert.equal(owner.kind === 'ended' && owner.session.endReason, 'process-ended');
  });

  it('looks at one at once when asked', async () => {
    const tester = new CoordinatorTester(plan).configure();
    const a = await tester.opened('a', { process: { pid: 5 } });
    await tester.opened('b', { process: { pid: 5 } });
    await tester.coordinator.processMayBeGone(a);
    assert.equal((await tester.states()).length, 2);
    tester.processes.end(5);
    await tester.coordinator.processMayBeGone(a);
    await tester.coordinator.processMayBeGone('nobody');
    assert.deepEqual(await tester.states(), ['b active']);
  });

  it('follows a session to another process', async () => {
    const tester = new CoordinatorTester(plan).configure();
    const a = await tester.opened('a', { process: { pid: 5 } });
    await tester.coordinator.attachProcess(a, { pid: 6 });
    tester.processes.end(5);
    await tester.clock.advance(2000);
    assert.deepEqual(await tester.states(), ['a active']);
    assert.equal(await tester.coordinator.resume(a, { pid: 7 }), true);
    tester.processes.end(6);
    await tester.clock.advance(2000);
    assert.deepEqual(await tester.states(), ['a active']);
    tester.processes.end(7);
    await tester.clock.advance(1000);
    assert.deepEqual(await tester.states(), []);
    assert.equal(await tester.coordinator.resume(a, { pid: 8 }), false);
  });

  it('leaves a session of an agent on a login to a window on a subscription', async () => {
    const first = new CoordinatorTester(maxSubscriptionPlan({})).configure(subscription);
    const a = await first.opened('a', { process: { pid: 5 } });
    const { ledger, clock } = first;
    const other = new CoordinatorTester(plan, { ledger, clock, engineId: 'other' });
    const resumed = watched(other.coordinator.resume(a, { pid: 5 }));
    await clock.advance(0);
    assert.equal(resumed.state, 'pending', 'whose plan it is is not known yet');
    other.configure(apiKey);
    assert.equal(await resumed.promise, 'elsewhere');
    const same = new CoordinatorTester(maxSubscriptionPlan({}), { ledger, clock, engineId: 'same' });
    same.configure(subscription);
    assert.equal(await same.coordinator.resume(a, { pid: 5 }), true);
  });

  it('takes the slot of those that do nothing, until their next request', async () => {
    const tester = new CoordinatorTester(plan).configure(apiKey, { inactivityMs: 10 * minutes });
    const a = await tester.opened('a');
    await tester.clock.advance(9 * minutes);
    await (await tester.reserve(a).promise).settle(outcome([1, 1]));
    await tester.clock.advance(9 * minutes);
    assert.deepEqual(await tester.states(), ['a active'], 'a request is activity');
    await tester.clock.advance(minutes);
    assert.deepEqual(await tester.states(), ['a idle']);
    assert.deepEqual(await tester.coordinator.getActiveAgents(), []);
    await tester.reserve(a).promise;
    assert.deepEqual(await tester.states(), ['a active']);
    await tester.clock.advance(30 * minutes);
    assert.deepEqual(await tester.states(), ['a active'], 'a long answer is activity');
  });

  it('tells a session that wants its slot back in vain what it waits for', async () => {
    const one = apiKeyPlan({ concurrentAgents: 1 });
    const tester = new CoordinatorTester(one).configure(apiKey, { inactivityMs: minutes });
    const a = await tester.opened('a');
    await tester.clock.advance(minutes);
    await tester.opened('b');
    const waits = tester.reserve(a);
    for (let half = 0; half < 2; half += 1) {
      await tester.clock.advance(minutes / 2);
      await tester.clock.advance(0);
    }
    await assert.rejects(waits.promise, /gave its slot back while it did nothing, and all slots are taken/);
  });

  it('takes the slot of an observed agent of which nothing is reported, and gives it back with its next turn', async () => {
    const tester = new CoordinatorTester(maxSubscriptionPlan()).configure(subscription);
    tester.test = () => Promise.resolve({ kind: 'subscription', source: '', mode: 'observed' });
    const a = await tester.opened('a', { process: { pid: 5 } });
    await tester.clock.advance(29 * minutes);
    await tester.manager.book(a, { usage: noUsage, model: undefined, requestId: 'one' });
    await tester.clock.advance(29 * minutes);
    assert.deepEqual(await tester.states(), ['a active'], 'what is reported is activity');
    await tester.clock.advance(minutes + 1000);
    assert.deepEqual(await tester.states(), ['a idle']);
    await tester.manager.admitTurn(a, new AbortController().signal);
    assert.deepEqual(await tester.states(), ['a active']);
    tester.processes.end(5);
    await tester.clock.advance(1000);
    assert.deepEqual(await tester.states(), []);
  });

  it('uses a changed time of inactivity from then on', async () => {
    const tester = new CoordinatorTester(plan).configure();
    await tester.opened('a');
    await tester.clock.advance(5 * minutes);
    tester.configure(apiKey, { inactivityMs: 4 * minutes });
    await tester.clock.advance(1000);
    assert.deepEqual(await tester.states(), ['a idle']);
    assert.equal(tester.clock.timers, 1, 'one round at a time');
  });

  it('cleans up when asked, and says what it changed', async () => {
    const tester = new CoordinatorTester(plan).configure();
    await tester.opened('gone', { process: { pid: 5 } });
    await tester.opened('old');
    await tester.clock.advance(minutes);
    await tester.opened('new');
    tester.processes.end(5);
    const changed = await tester.coordinator.cleanupInactiveAgents(minutes);
    assert.deepEqual(
      changed.map(({ agentId, state, usesClaudeAuth }) => [agentId, state, usesClaudeAuth]),
      [
        ['gone', 'ended', true],
        ['old', 'idle', true],
      ],
    );
    assert.deepEqual(await tester.states(), ['old idle', 'new active']);
    assert.deepEqual(await tester.coordinator.cleanupInactiveAgents(minutes), []);
  });

  it('clears up after engines whose process is gone, and after no other', async () => {
    const tester = new CoordinatorTester(plan).configure();
    const { ledger, clock } = tester;
    for (const [engineId, pid] of [
      ['engine', 100],
      ['dead', 6],
      ['alive', 7],
    ] as const) {
      await ledger.join(engineId, { pid }, clock.now());
    }
    const a = await tester.opened('a');
    const estimate = noTokens;
    for (const engineId of ['dead', 'alive']) {
      const opening = { reservationId: `of ${engineId}`, sessionId: a, requests: 1, estimate, model: undefined };
      await ledger.enqueue(opening, engineId, terms(plan), clock.now());
    }
    tester.processes.end(6);
    await clock.advance(1000);
    assert.deepEqual((await ledger.engines()).map(({ engineId }) => engineId).sort(), ['alive', 'engine']);
    assert.deepEqual(await tester.underWay(), [0, 1]);
  });

  it('goes on after a failure, and stops when disposed', async () => {
    const tester = new CoordinatorTester(plan).configure();
    await tester.opened('a', { process: { pid: 5 } });
    const { ledger } = tester;
    const liveSessions = ledger.liveSessions.bind(ledger);
    ledger.liveSessions = () => Promise.reject(new Error('The disk is full.'));
    await tester.clock.advance(1000);
    assert.match(tester.logger.lines.join('\n'), /could not be looked after. The disk is full/);
    ledger.liveSessions = liveSessions;
    tester.processes.end(5);
    await tester.clock.advance(1000);
    assert.deepEqual(await tester.states(), []);
    const slow = Promise.withResolvers<Awaited<ReturnType<typeof liveSessions>>>();
    ledger.liveSessions = () => slow.promise;
    await tester.clock.advance(1000);
    await tester.coordinator.dispose();
    slow.resolve([]);
    await settled();
    assert.equal(tester.clock.timers, 0, 'nor does a round that was under way begin another');
  });
});

describe('health', () => {
  it('is good when nothing is wrong', async () => {
    const tester = new CoordinatorTester(plan).configure();
    await tester.opened('a');
    const health = await tester.coordinator.checkAuthHealth();
    assert.deepEqual(health, { healthy: true, activeAgents: 1, quotaPercentage: 0, problems: [] });
  });

  it('names everything that is wrong, each with a next step', async () => {
    const one = apiKeyPlan({ concurrentAgents: 1, requestsPerMinute: 1 });
    const tester = new CoordinatorTester(one).configure(apiKey, {
      credentialProblems: [{ code: 'conflicting-variables', severity: 'warning', message: 'A.', nextStep: 'Set one.' }],
    });
    tester.test = () => Promise.resolve(fails('endpoint-unreachable'));
    const a = await tester.opened('a');
    tester.line('b');
    await tester.reserve(a).promise;
    await settled();
    const { healthy, activeAgents, quotaPercentage, problems } = await tester.coordinator.checkAuthHealth();
    assert.deepEqual([healthy, activeAgents, quotaPercentage], [false, 1, 100]);
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['conflicting-variables', 'endpoint-unreachable', 'agents-wait', 'limit-reached'],
    );
    for (const { message, nextStep } of problems) assert.ok(message.length > 1 && nextStep.length > 5);
    assert.match(problems[2]?.message ?? '', /One agent waits/);
    assert.match(problems[3]?.message ?? '', /limit of 1 requests a minute is reached/);
  });

  it('tells what requests met upstream, once where the test of the credentials says the same', async () => {
    const tester = new CoordinatorTester(plan).configure();
    const problem = { code: 'key-rejected', severity: 'error', message: 'No.', nextStep: 'Check the key.' } as const;
    tester.upstream.trouble(problem);
    assert.deepEqual(await tester.coordinator.checkAuthHealth(), {
      healthy: false,
      activeAgents: 0,
      quotaPercentage: 0,
      problems: [problem],
    });
    tester.test = () => Promise.resolve(fails('key-rejected'));
    await tester.coordinator.testAuthentication();
    assert.equal((await tester.coordinator.checkAuthHealth()).problems.length, 1);
    tester.upstream.trouble(undefined);
    tester.configure({ ...apiKey, key: 'another' });
    assert.deepEqual((await tester.coordinator.checkAuthHealth()).problems, []);
  });

  it('of warnings alone is good, and refuted failures are forgotten', async () => {
    const tester = new CoordinatorTester(plan).configure();
    tester.test = () => Promise.resolve(fails('endpoint-unreachable'));
    assert.equal((await tester.coordinator.testAuthentication()).kind, 'fails');
    assert.equal((await tester.coordinator.checkAuthHealth()).healthy, false);
    tester.test = () => Promise.resolve({ kind: 'works', endpoint: '', latencyMs: 1, source: '' });
    assert.equal((await tester.coordinator.testAuthentication()).kind, 'works');
    assert.deepEqual((await tester.coordinator.checkAuthHealth()).problems, []);
  });
});
