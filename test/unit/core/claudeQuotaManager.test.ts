import assert from 'node:assert/strict';
import { AdmissionRefusedError } from '../../../src/core/admission.ts';
import { ClaudeQuotaManager } from '../../../src/core/claudeQuotaManager.ts';
import { defaultLongestWaitMs } from '../../../src/core/longestHold.ts';
import { apiKeyPlan, InvalidPlanError, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { terms } from '../ledger/terms.ts';
import { ManagerTester, outcome } from './managerTester.ts';
import type { Watched } from './watched.ts';

const twoAMinute = apiKeyPlan({ requestsPerMinute: 2, tokensPerMinute: 10_000, concurrentAgents: 3 });

/** A tester whose two requests of this minute are used, and one more in line. */
async function withOneWaiting(): Promise<{ tester: ManagerTester; a: string; waiting: Watched<unknown> }> {
  const tester = new ManagerTester(twoAMinute);
  const a = await tester.session('a');
  for (let times = 0; times < 2; times += 1) {
    const reservation = await tester.reserve(a).promise;
    await reservation.settle(outcome([0, 0]));
  }
  const waiting = tester.reserve(a);
  await settled();
  assert.equal(waiting.state, 'pending');
  return { tester, a, waiting };
}

function refusal(watch: Watched<unknown>): AdmissionRefusedError {
  assert.equal(watch.state, 'rejected');
  assert.ok(watch.error instanceof AdmissionRefusedError, String(watch.error));
  return watch.error;
}

describe('quota manager', () => {
  it('has the plans of the two kinds, and takes no impossible one', () => {
    const { parts } = new ManagerTester(twoAMinute);
    assert.deepEqual(ClaudeQuotaManager.newMaxSubscription({}, parts).plan, {
      kind: 'MaxSubscription',
      dailyTokens: 10_000,
      concurrentAgents: 5,
    });
    assert.deepEqual(ClaudeQuotaManager.newApiKey({ requestsPerMinute: 7 }, parts).plan, {
      kind: 'ApiKey',
      requestsPerMinute: 7,
      tokensPerMinute: 100_000,
      concurrentAgents: 8,
    });
    for (const dailyTokens of [0, -1, 1.5, Number.NaN, Infinity]) {
      assert.throws(() => ClaudeQuotaManager.newMaxSubscription({ dailyTokens }, parts), InvalidPlanError);
    }
  });

  it('lets a request go the moment that there is room, and not before', async () => {
    const { tester, waiting } = await withOneWaiting();
    await tester.clock.advance(29_999);
    assert.equal(waiting.state, 'pending');
    await tester.clock.advance(1);
    assert.equal(waiting.state, 'resolved');
    assert.equal(tester.clock.timers, 0);
  });

  it('lets a request go at once when another gives back what it held', async () => {
    const tester = new ManagerTester(twoAMinute);
    const a = await tester.session();
    const [first] = [await tester.reserve(a).promise, await tester.reserve(a).promise];
    const waiting = tester.reserve(a);
    await tester.clock.advance(60_000);
    assert.equal(waiting.state, 'pending', 'what is held does not refill');
    await first.release();
    await settled();
    assert.equal(waiting.state, 'resolved');
  });

  it('refuses a request that has waited for the longest, and says when to try again', async () => {
    const tester = new ManagerTester(twoAMinute);
    const a = await tester.session();
    await tester.reserve(a).promise;
    await tester.reserve(a).promise;
    const waiting = tester.reserve(a);
    await tester.clock.advance(defaultLongestWaitMs - 1);
    assert.equal(waiting.state, 'pending');
    await tester.clock.advance(1);
    const { message, retryAfterSeconds } = refusal(waiting);
    assert.equal(retryAfterSeconds, 1, 'only what is given back helps, and that may be at any moment');
    assert.match(message, /held this request for 180 seconds.*raise the limits/);
    assert.deepEqual(await tester.underWay(), [0, 2]);
  });

  it('does not let wait at all when told so', async () => {
    const tester = new ManagerTester(twoAMinute);
    await tester.manager.configure(terms(twoAMinute), 0);
    const a = await tester.session();
    await tester.reserve(a).promise;
    const second = tester.reserve(a);
    const third = tester.reserve(a);
    await tester.clock.advance(0);
    assert.equal(second.state, 'resolved');
    const { message, retryAfterSeconds } = refusal(third);
    assert.equal(retryAfterSeconds, 1);
    assert.match(message, /did not hold this request/);
  });

  it('forgets a request whose client has gone while it waited', async () => {
    const tester = new ManagerTester(twoAMinute);
    const a = await tester.session();
    const held = await tester.reserve(a).promise;
    await tester.reserve(a).promise;
    const gone = new AbortController();
    const left = tester.reserve(a, {}, gone.signal);
    const next = tester.reserve(a);
    await settled();
    const reason = new Error('The client has gone.');
    gone.abort(reason);
    await settled();
    assert.equal(left.error, reason);
    assert.deepEqual(await tester.underWay(), [1, 2]);
    await held.release();
    await settled();
    assert.equal(next.state, 'resolved');
    await tester.clock.advance(defaultLongestWaitMs);
    assert.equal(tester.clock.timers, 0);
  });

  it('does not put in line a request whose client has gone before', async () => {
    const tester = new ManagerTester(twoAMinute);
    const a = await tester.session();
    const gone = new AbortController();
    gone.abort();
    const left = tester.reserve(a, {}, gone.signal);
    await settled();
    assert.equal(left.error, gone.signal.reason);
    assert.equal(await tester.used('requestsPerMinute'), 0);
  });

  it('keeps what it held for a request whose client goes later', async () => {
    const tester = new ManagerTester(twoAMinute);
    const a = await tester.session();
    const gone = new AbortController();
    const reservation = await tester.reserve(a, {}, gone.signal).promise;
    gone.abort();
    await settled();
    assert.deepEqual(await tester.underWay(), [0, 1]);
    await reservation.release();
    assert.deepEqual(await tester.underWay(), [0, 0]);
  });

  it('refuses for good a request of a session that ends while it waits', async () => {
    const { tester, a, waiting } = await withOneWaiting();
    assert.equal((await tester.manager.release(a, 'released'))?.state, 'ended');
    await settled();
    const { message, retryAfterSeconds } = refusal(waiting);
    assert.equal(retryAfterSeconds, undefined);
    assert.match(message, /session has ended.*new agent terminal/);
    assert.deepEqual(await tester.underWay(), [0, 0]);
    assert.equal(await tester.manager.release(a, 'released'), undefined);
  });

  it('refuses for good what the day does not suffice for', async () => {
    const tester = new ManagerTester(maxSubscriptionPlan({ dailyTokens: 1000 }));
    const a = await tester.session();
    const first = await tester.reserve(a, { usesTokens: true, bodyBytes: 400 }).promise;
    await first.settle(outcome([900, 100]));
    const refused = tester.reserve(a, { usesTokens: true, bodyBytes: 400 });
    await settled();
    const { message, retryAfterSeconds } = refusal(refused);
    assert.equal(retryAfterSeconds, undefined);
    assert.match(message, /tokens of today.*raise the daily tokens/);
  });

  it('looks at the line again when the plan is raised', async () => {
    const { tester, waiting } = await withOneWaiting();
    const raised = apiKeyPlan({ requestsPerMinute: 3, concurrentAgents: 3 });
    await tester.manager.configure(terms(raised), defaultLongestWaitMs);
    await settled();
    assert.equal(waiting.state, 'resolved');
  });

  it('tells those in line to try again when the plan becomes one of another kind', async () => {
    const { tester, waiting } = await withOneWaiting();
    await tester.manager.configure(terms(maxSubscriptionPlan()), defaultLongestWaitMs);
    await settled();
    assert.equal(refusal(waiting).retryAfterSeconds, 1);
    assert.deepEqual(await tester.underWay(), [0, 0]);
  });

  it('asks the new plan for what comes while the sessions still move to it', async () => {
    const { tester, a } = await withOneWaiting();
    const { ledger, manager } = tester;
    const move = ledger.moveSessions.bind(ledger);
    const slow = Promise.withResolvers<undefined>();
    ledger.moveSessions = async (...args) => {
      await slow.promise;
      await move(...args);
    };
    const another = terms(twoAMinute, { planId: 'another' });
    const configured = manager.configure(another, defaultLongestWaitMs);
    await settled();
    const between = tester.reserve(a);
    await settled();
    assert.equal(between.state, 'resolved', 'in the old plan’s line nobody would serve it');
    slow.resolve(undefined);
    await configured;
    assert.deepEqual(
      (await ledger.liveSessions()).map(({ planId }) => planId),
      ['another'],
    );
    assert.equal(await tester.used('requestsPerMinute'), 1);
  });

  it('moves the sessions with the next attempt where the first one failed', async () => {
    const { tester } = await withOneWaiting();
    const { ledger, manager } = tester;
    const move = ledger.moveSessions.bind(ledger);
    ledger.moveSessions = () => Promise.reject(new Error('The ledger is busy.'));
    const another = terms(twoAMinute, { planId: 'another' });
    await assert.rejects(manager.configure(another, defaultLongestWaitMs), /busy/);
    ledger.moveSessions = move;
    await manager.configure(another, defaultLongestWaitMs);
    assert.deepEqual(
      (await ledger.liveSessions()).map(({ planId }) => planId),
      ['another'],
    );
  });

  it('books what an observed agent reports, and lets the line know', async () => {
    const tester = new ManagerTester(twoAMinute);
    const a = await tester.session('a');
    const entry = { usage: tokens(10, 5), model: 'claude-opus-5', requestId: 'r1' };
    assert.deepEqual([await tester.manager.book(a, entry), await tester.manager.book(a, entry)], [true, false]);
    assert.deepEqual((await tester.manager.usage()).total, tokens(10, 5));
    assert.equal(await tester.used('requestsPerMinute'), 1);
  });

  it('serves on a clock that jumps, by the time that passes', async () => {
    for (const jump of [-3_600_000, 3_600_000, -20_000]) {
      const { tester, waiting } = await withOneWaiting();
      await tester.clock.advance(1000);
      tester.clock.jump(jump);
      await tester.clock.advance(60_000);
      assert.equal(waiting.state, 'resolved', String(jump));
    }
  });

  it('knows whose a token is', async () => {
    const tester = new ManagerTester(twoAMinute);
    const a = await tester.session();
    const [token = ''] = tester.secrets.tokens;
    const owner = await tester.manager.ownerOfToken(token);
    assert.equal(owner.kind === 'live' && owner.session.sessionId, a);
    assert.deepEqual(await tester.manager.ownerOfToken(`${token}x`), { kind: 'unknown' });
    await tester.manager.release(a, 'released');
    assert.equal((await tester.manager.ownerOfToken(token)).kind, 'ended');
  });

  it('says no more once it is disposed, to those that wait neither', async () => {
    const { tester, waiting } = await withOneWaiting();
    tester.manager.dispose();
    await settled();
    refusal(waiting);
    await tester.clock.advance(defaultLongestWaitMs);
    assert.equal(tester.clock.timers, 0);
  });

  it('refuses in time what the ledger cannot take, though it cannot be taken back either', async () => {
    const { tester, a } = await withOneWaiting();
    const withdraw = tester.ledger.withdraw.bind(tester.ledger);
    tester.ledger.enqueue = () => Promise.reject(new Error('The file is locked.'));
    tester.ledger.withdraw = () => Promise.reject(new Error('The file is locked.'));
    const refused = tester.reserve(a);
    await tester.clock.advance(1500);
    assert.equal(refused.state, 'rejected');
    await assert.rejects(refused.promise, /file is locked/);
    let isWithdrawn = false;
    tester.ledger.withdraw = async (id) => {
      await withdraw(id);
      isWithdrawn = true;
    };
    await tester.clock.advance(60_000);
    assert.ok(isWithdrawn, 'it is tried until it succeeds');
  });

  it('passes on what the ledger cannot do, and logs what nobody waits for', async () => {
    const { tester, a, waiting } = await withOneWaiting();
    const runLine = tester.ledger.runLine.bind(tester.ledger);
    tester.ledger.enqueue = () => Promise.reject(new Error('The disk is full.'));
    await assert.rejects(tester.reserve(a).promise, /disk is full/);
    tester.ledger.runLine = () => Promise.reject(new Error('The disk is full.'));
    await tester.clock.advance(30_000);
    assert.match(tester.logger.lines.join('\n'), /line of requests could not be run. The disk is full/);
    assert.equal(waiting.state, 'pending');
    tester.ledger.runLine = runLine;
    await tester.clock.advance(1000);
    assert.equal(waiting.state, 'resolved', 'it is tried again by itself');
  });
});
