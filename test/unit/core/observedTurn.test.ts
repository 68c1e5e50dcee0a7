import assert from 'node:assert/strict';
import type { UsageEntry } from '../../../src/core/ledger.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { defaultLongestWaitMs } from '../../../src/core/longestHold.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { terms } from '../ledger/terms.ts';
import { ManagerTester } from './managerTester.ts';
import { watched, type Watched } from './watched.ts';
import type { ObservedTurn } from '../../../src/core/observedTurn.ts';

const entry = (requestId: string, input: number, output = 0): UsageEntry => ({
  usage: tokens(input, output, { cacheReadTokens: 50_000 }),
  model: 'claude-opus-5',
  requestId,
});

describe('a turn of an observed agent', () => {
  const firstTurn = 16_000;
  let tester: ManagerTester;

  beforeEach(() => {
    tester = new ManagerTester(apiKeyPlan({ requestsPerMinute: 100, tokensPerMinute: 20_000, concurrentAgents: 4 }));
  });

  function admit(sessionId: string, signal = new AbortController().signal): Watched<ObservedTurn> {
    return watched(tester.manager.admitTurn(sessionId, signal));
  }

  it('holds what it may use, and what is reported takes the place of that', async () => {
    const turn = await admit(await tester.session()).promise;
    assert.equal(await tester.used('tokensPerMinute'), firstTurn);
    await turn.report(entry('r1', 4000, 100));
    assert.equal(await tester.used('tokensPerMinute'), firstTurn, 'used and held together are as much');
    await turn.report(entry('r2', 5000, 900));
    assert.equal(await tester.used('tokensPerMinute'), firstTurn);
    await turn.end();
    await turn.end();
    assert.equal(await tester.used('tokensPerMinute'), 10_000);
    assert.deepEqual(await tester.underWay(), [0, 0]);
    const { total } = await tester.manager.usage();
    assert.deepEqual(total, tokens(9000, 1000, { cacheReadTokens: 100_000 }));
  });

  it('counts what it takes above what was expected, and a request that is told twice once', async () => {
    const turn = await admit(await tester.session()).promise;
    assert.equal(await turn.report(entry('r1', 18_000)), true);
    assert.equal(await turn.report(entry('r1', 18_000)), false);
    assert.equal(await tester.used('tokensPerMinute'), 18_000);
    await turn.end();
    assert.equal(await tester.used('tokensPerMinute'), 18_000);
    assert.equal(await turn.report(entry('late', 500)), true, 'also what comes after its end');
    assert.equal(await tester.used('tokensPerMinute'), 18_500);
  });

  it('waits in the line of requests, behind and before them', async () => {
    const [a, b] = [await tester.session('a'), await tester.session('b')];
    const first = await admit(a).promise;
    const second = admit(b);
    const request = tester.reserve(a, { usesTokens: true, bodyBytes: 20_000 });
    await tester.clock.advance(1000);
    assert.deepEqual([second.state, request.state], ['pending', 'pending']);
    await first.report(entry('r1', 3000));
    await first.end();
    await tester.clock.advance(0);
    assert.equal(second.state, 'resolved', 'what the first turn did not use is there for the second');
    assert.equal(request.state, 'pending');
    await (await second.promise).end();
    await tester.clock.advance(0);
    assert.equal(request.state, 'resolved');
  });

  it('goes into the line of another plan when that is chosen meanwhile', async () => {
    const sessionId = await tester.session();
    const first = await admit(sessionId).promise;
    const waits = admit(sessionId);
    const request = tester.reserve(sessionId, { usesTokens: true, bodyBytes: 20_000 });
    await tester.clock.advance(0);
    assert.deepEqual([waits.state, request.state], ['pending', 'pending']);
    const another = apiKeyPlan({ requestsPerMinute: 100, tokensPerMinute: 40_000, concurrentAgents: 4 });
    await tester.manager.configure(terms(another, { planId: 'another' }), defaultLongestWaitMs);
    await tester.clock.advance(0);
    assert.equal(waits.state, 'resolved');
    assert.equal(request.state, 'rejected', 'which its agent sends again');
    await (await waits.promise).end();
    await first.end();
    assert.deepEqual(await tester.underWay(), [0, 0]);
  });

  it('leaves the line with its agent, and is refused with the reason', async () => {
    const sessionId = await tester.session();
    const first = await admit(sessionId).promise;
    const gone = new AbortController();
    const leaves = admit(sessionId, gone.signal);
    await tester.clock.advance(0);
    gone.abort(new Error('The hook was ended.'));
    await assert.rejects(leaves.promise, /The hook was ended/);
    assert.deepEqual(await tester.underWay(), [0, 1]);
    await first.end();
    await tester.manager.release(sessionId, 'released');
    await assert.rejects(admit(sessionId).promise, /session has ended/);
  });

  it('whose agent has gone without ending it gives back what it holds', async () => {
    const sessionId = await tester.session('observed', 'observed');
    const turn = await admit(sessionId).promise;
    await turn.report(entry('r1', 4000));
    await tester.manager.release(sessionId, 'process-ended');
    assert.equal(await tester.used('tokensPerMinute'), 4000);
    assert.deepEqual(await tester.underWay(), [0, 0]);
    await turn.end();
    assert.equal(await tester.used('tokensPerMinute'), 4000);
  });

  it('learns from a session’s turns what the next will take', async () => {
    const sessionId = await tester.session();
    for (let count = 0; count < 20; count += 1) {
      const turn = await admit(sessionId).promise;
      await turn.report(entry(`r${count}`, 1000, 200));
      await turn.end();
      await tester.clock.advance(60_000);
    }
    const turn = await admit(sessionId).promise;
    const held = await tester.used('tokensPerMinute');
    assert.ok(held > 1200 && held < 1400, String(held));
    await turn.end();
  });

  it('counts once towards the day, booked or expected', async () => {
    tester = new ManagerTester(maxSubscriptionPlan({ dailyTokens: 40_000, concurrentAgents: 2 }));
    const turn = await admit(await tester.session()).promise;
    assert.equal(await tester.used('tokensPerDay'), firstTurn);
    await turn.report(entry('r1', 4000, 500));
    assert.equal(await tester.used('tokensPerDay'), firstTurn);
    await turn.end();
    assert.equal(await tester.used('tokensPerDay'), 4500);
  });
});
