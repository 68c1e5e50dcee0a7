import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { report, reported } from '../ledger/reports.ts';
import { ManagerTester, outcome } from './managerTester.ts';

describe('a reservation', () => {
  const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 60_000 });
  let tester: ManagerTester;
  let a = '';

  beforeEach(async () => {
    tester = new ManagerTester(plan);
    a = await tester.session();
  });

  async function used(): Promise<[requests: number, tokens: number]> {
    return [await tester.used('requestsPerMinute'), await tester.used('tokensPerMinute')];
  }

  it('holds an estimate from the body, or a request alone', async () => {
    await tester.reserve(a, { usesTokens: true, bodyBytes: 4000 }).promise;
    // 1000 of input, 500 of output, and three times 500 more in case that it becomes long.
    assert.deepEqual(await used(), [1, 3000]);
    await tester.reserve(a, { usesTokens: false, bodyBytes: 4000 }).promise;
    assert.deepEqual(await used(), [2, 3000]);
  });

  it('becomes what is known of it, step by step', async () => {
    const reservation = await tester.reserve(a, { usesTokens: true, bodyBytes: 4000 }).promise;
    await reservation.answered();
    await tester.clock.advance(1000);
    assert.deepEqual(await used(), [0, 3000], 'the request refills, its tokens do not');
    await reservation.metered(tokens(700, 1, { cacheCreation1hTokens: 100, cacheReadTokens: 5000 }));
    await tester.clock.advance(1000);
    assert.deepEqual(await used(), [0, 2000], 'the input is known and refills, the output is expected still');
    await reservation.settle(outcome([800, 300]));
    assert.deepEqual(await used(), [0, 300]);
    assert.deepEqual((await tester.manager.usage()).total, tokens(800, 300));
  });

  it('is settled once, whatever comes after', async () => {
    const reservation = await tester.reserve(a, { usesTokens: true, bodyBytes: 400 }).promise;
    await reservation.settle(outcome([10, 5]));
    await reservation.settle(outcome([10, 5]));
    await reservation.release();
    await reservation.answered();
    await reservation.metered(tokens(999));
    assert.deepEqual(await used(), [1, 15]);
    const { total, bySession } = await tester.manager.usage();
    assert.deepEqual(total, tokens(10, 5));
    assert.deepEqual([...bySession], [[a, tokens(10, 5)]]);
  });

  it('is released once, whatever comes after', async () => {
    const reservation = await tester.reserve(a, { usesTokens: true, bodyBytes: 400 }).promise;
    await reservation.release();
    await reservation.settle(outcome([10, 5]));
    assert.deepEqual(await used(), [0, 0]);
    assert.deepEqual((await tester.manager.usage()).total, tokens(0));
  });

  it('counts a request that the upstream refused, and no tokens of it', async () => {
    const reservation = await tester.reserve(a, { usesTokens: true, bodyBytes: 4000 }).promise;
    await reservation.settle(outcome(undefined, { status: 529 }));
    assert.deepEqual(await used(), [1, 0]);
  });

  it('counts the input of a request that was cut, as the upstream may have', async () => {
    for (const status of [undefined, 200]) {
      const reservation = await tester.reserve(a, { usesTokens: true, bodyBytes: 4000 }).promise;
      await reservation.settle(outcome(undefined, { status }));
    }
    assert.deepEqual(await used(), [2, 2000]);
    assert.deepEqual((await tester.manager.usage()).total, tokens(0));
  });

  it('counts a request id once, and says so in the log', async () => {
    for (let times = 0; times < 2; times += 1) {
      const reservation = await tester.reserve(a).promise;
      await reservation.settle(outcome([10, 0], { requestId: 'req_1' }));
    }
    assert.deepEqual((await tester.manager.usage()).total, tokens(10));
    assert.match(tester.logger.lines.join('\n'), /req_1 was booked before/);
  });

  it('teaches the next estimate of its session', async () => {
    const reservation = await tester.reserve(a, { usesTokens: true, bodyBytes: 4000 }).promise;
    await reservation.settle(outcome([0, 0]));
    const before = await tester.used('tokensPerMinute');
    await tester.reserve(a, { usesTokens: true, bodyBytes: 4000 }).promise;
    assert.equal((await tester.used('tokensPerMinute')) - before, 700 + 350 + 1500);
  });

  it('is told what the upstream reports', async () => {
    await tester.manager.observe(report({ limits: [reported('tokensPerMinute', 2000)] }));
    assert.equal((await tester.limit('tokensPerMinute')).limit, 2000);
    const reservation = tester.reserve(a, { usesTokens: true, bodyBytes: 40_000 });
    const waiting = tester.reserve(a, { usesTokens: true, bodyBytes: 400 });
    await reservation.promise;
    await tester.clock.advance(0);
    assert.equal(waiting.state, 'pending');
  });
});
