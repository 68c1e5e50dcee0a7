import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type LedgerTester, type OpenLedger } from './ledgerTester.ts';
import { reported } from './reports.ts';

const minute = 60_000;

async function limits(tester: LedgerTester): Promise<[requests: number, tokens: number]> {
  return [(await tester.limit('requestsPerMinute')).limit, (await tester.limit('tokensPerMinute')).limit];
}

export function adaptiveShareTests(openLedger: OpenLedger): void {
  describe('limits of an upstream that says nothing of them', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 100, tokensPerMinute: 100_000, concurrentAgents: 4 });
    const given = eachWithLedger(openLedger, plan);

    it('are lowered by a 429, and come back with time', async () => {
      const tester = given();
      assert.deepEqual(await limits(tester), [100, 100_000]);
      await tester.observe({ limited: true });
      assert.deepEqual(await limits(tester), [70, 70_000]);
      tester.now += minute;
      assert.deepEqual(await limits(tester), [75, 75_000]);
      tester.now += 5 * minute;
      assert.deepEqual(await limits(tester), [100, 100_000]);
      tester.now += 60 * minute;
      assert.deepEqual(await limits(tester), [100, 100_000]);
    });

    it('are lowered once by a burst of 429s, and again by a later one', async () => {
      const tester = given();
      for (let times = 0; times < 10; times += 1) {
        await tester.observe({ limited: true, model: times % 2 === 0 ? 'claude-opus-5' : undefined });
        tester.now += 190;
      }
      assert.deepEqual(await limits(tester), [70, 70_158]);
      tester.now += 2000;
      await tester.observe({ limited: true });
      assert.deepEqual(await limits(tester), [49, 49_227]);
    });

    it('are never lowered to nothing', async () => {
      const tester = given();
      const a = await tester.opened('a');
      for (let times = 0; times < 50; times += 1) {
        await tester.observe({ limited: true });
        tester.now += 3000;
      }
      const [requests, counted] = await limits(tester);
      assert.ok(requests >= 5 && requests < 10, `${requests}`);
      assert.ok(counted >= 5000 && counted < 10_000, `${counted}`);
      tester.plan = apiKeyPlan({ requestsPerMinute: 1, tokensPerMinute: 1, concurrentAgents: 4 });
      assert.deepEqual(await limits(tester), [1, 1]);
      await tester.admitted(a, { input: 1 });
    });

    it('hold for those who wait', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a, { input: 60_000 }), tokens(60_000));
      await tester.observe({ limited: true });
      await tester.admitted(a, { input: 9000 });
      const waits = await tester.waiting(a, { input: 5000 });
      tester.now += minute;
      assert.deepEqual(await tester.goes(), [waits]);
    });

    it('are not lowered by a 429 that says what is limited, or by other answers', async () => {
      const tester = given();
      await tester.observe({ limited: true, limits: [reported('inputTokensPerMinute', 50_000)] });
      await tester.observe({ limited: false, retryAfterMs: 1000 });
      await tester.observe({});
      assert.deepEqual(await limits(tester), [100, 100_000]);
    });

    it('come back though the clock was set back', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.observe({ limited: true });
      tester.now -= 60 * minute;
      await tester.admitted(a);
      tester.now += 6 * minute;
      assert.deepEqual(await limits(tester), [100, 100_000]);
    });
  });
}
