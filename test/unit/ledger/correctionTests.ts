import assert from 'node:assert/strict';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type OpenLedger } from './ledgerTester.ts';
import { reported } from './reports.ts';

export function correctionTests(openLedger: OpenLedger): void {
  describe('an estimate', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 6000, concurrentAgents: 4 });
    const given = eachWithLedger(openLedger, plan);

    it('that may be higher holds what it may be, up to half of the limit', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const some = await tester.admitted(a, { input: 100, most: 1000 });
      assert.equal(await tester.used('tokensPerMinute'), 1000);
      await tester.charge(some, { inputTokens: 100, usage: tokens(100, 1) });
      assert.equal(await tester.used('tokensPerMinute'), 100, 'until the input is known');
      await tester.admitted(a, { input: 100, most: 90_000 });
      assert.equal(await tester.used('tokensPerMinute'), 100 + 3000);
    });

    it('of an answer that may be long holds the more, the fewer are under way, and gives it back at the end', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const first = await tester.admitted(a, { output: 300, deviation: 100 });
      assert.equal(await tester.used('tokensPerMinute'), 300 + 300);
      await tester.admitted(a, { output: 300, deviation: 100 });
      // 600 tokens are held, of which one request holds some 400: one and a half are under way.
      assert.equal(await tester.used('tokensPerMinute'), 600 + 300 + Math.ceil(300 / Math.sqrt(1.5)));
      await tester.settle(first, tokens(0, 300));
      assert.equal(await tester.used('tokensPerMinute'), 300 + 300 + Math.ceil(300 / Math.sqrt(1.5)));
    });

    it('of an answer that may be long holds half of the smallest limit at most', async () => {
      const tester = given();
      await tester.observe({ limits: [reported('outputTokensPerMinute', 800)], model: undefined });
      await tester.admitted(await tester.opened('a'), { output: 300, deviation: 1000 });
      assert.equal(await tester.used('tokensPerMinute'), 300 + 400);
    });

    it('that may be higher holds no more than is expected where a limit of the day holds', async () => {
      const tester = given();
      tester.plan = maxSubscriptionPlan({ dailyTokens: 1000 });
      await tester.admitted(await tester.opened('a'), { input: 400, most: 100_000, output: 100, deviation: 500 });
      assert.equal(await tester.used('tokensPerDay'), 500);
    });

    it('that was too high gives back what it held too much as soon as the input is known', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const large = await tester.admitted(a, { input: 5000, output: 500 });
      const waits = await tester.waiting(b, { input: 4000 });
      await tester.charge(large);
      assert.deepEqual(await tester.goes(), [], 'an answer alone tells nothing of its tokens');
      await tester.charge(large, { inputTokens: 1000, usage: tokens(1000, 1) });
      assert.deepEqual(await tester.goes(), [waits]);
      assert.equal(await tester.used('tokensPerMinute'), 1000 + 500 + 4000, 'the output is expected still');
    });

    it('that was too low counts for what it was as soon as that is known', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const small = await tester.admitted(a, { input: 100, output: 100 });
      await tester.charge(small, { inputTokens: 5000, usage: tokens(5000, 1) });
      assert.equal(await tester.used('tokensPerMinute'), 5100);
      const { state, run } = await tester.ask(b, { input: 1000 });
      assert.deepEqual([state, run.nextAt], ['waiting', tester.now + 1000]);
      await tester.settle(small, tokens(5000, 900));
      assert.equal(await tester.used('tokensPerMinute'), 5900);
    });

    it('is corrected in every limit that the request comes under', async () => {
      const tester = given();
      tester.agents = [{ pattern: 'a', limits: { tokensPerMinute: 5500 } }];
      const model = 'claude-opus-4-5';
      await tester.observe({ model, limits: [reported('inputTokensPerMinute', 5500)] });
      const a = await tester.opened('a');
      const large = await tester.admitted(a, { input: 5000, model });
      const waits = await tester.waiting(a, { input: 4000, model });
      await tester.charge(large, { inputTokens: 1000, usage: tokens(1000) });
      assert.deepEqual(await tester.goes(), [waits]);
    });

    it('that was corrected leaves nothing held, whatever comes in which order', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const usage = tokens(1000, 1);
      const late = await tester.admitted(a, { input: 3000, output: 500 });
      await tester.charge(late, { inputTokens: 1000, usage });
      await tester.charge(late);
      await tester.charge(late, { inputTokens: 1000, usage });
      assert.equal(await tester.used('tokensPerMinute'), 1500);
      const less = await tester.admitted(a, { input: 1000, output: 500 });
      await tester.charge(less, { inputTokens: 800 });
      await tester.charge(less, { inputTokens: 600, usage: tokens(600) });
      await tester.settle(less, tokens(600, 20));
      await tester.settle(late, tokens(1000, 300));
      assert.equal(await tester.used('tokensPerMinute'), 1300 + 800, 'what was counted once stays counted');
      tester.now += 60_000;
      assert.deepEqual([await tester.used('tokensPerMinute'), await tester.used('requestsPerMinute')], [0, 0]);
      await tester.admitted(a, { input: 6000 });
    });

    it('that was corrected gives back the rest when the request is withdrawn or its session ends', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 5000, output: 500 });
      await tester.charge(id, { inputTokens: 1000, usage: tokens(1000) });
      await tester.ledger.withdraw(id);
      assert.equal(await tester.used('tokensPerMinute'), 1000);
      tester.now += 10_000;
      assert.equal(await tester.used('tokensPerMinute'), 0);
    });

    it('holds a day as it is corrected', async () => {
      const tester = given();
      tester.plan = maxSubscriptionPlan({ dailyTokens: 1000 });
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 900, output: 100 });
      const waits = await tester.waiting(a, { input: 500 });
      await tester.charge(id, { inputTokens: 300, usage: tokens(300) });
      assert.deepEqual(await tester.goes(), [waits]);
      assert.equal(await tester.used('tokensPerDay'), 900);
    });
  });

  describe('what an engine leaves when it dies', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 6000, concurrentAgents: 4 });
    const given = eachWithLedger(openLedger, plan);

    it('is booked as far as it was reported, once', async () => {
      const tester = given();
      tester.agents = [{ pattern: 'a', limits: { tokensPerDay: 10_000 } }];
      const a = await tester.opened('a');
      const dead = { engineId: 'dead' };
      const told = await tester.admitted(a, { input: 3000, output: 500, ...dead });
      const usage = tokens(900, 7, { cacheReadTokens: 50 });
      await tester.charge(told, { inputTokens: 900, usage });
      await tester.admitted(a, { input: 100, ...dead });
      for (let times = 0; times < 2; times += 1) await tester.ledger.forgetEngine('dead', tester.now);
      await tester.ledger.join('dead', { pid: 1 }, tester.now);
      assert.deepEqual((await tester.view()).usedToday, usage);
      const session = await tester.session(a);
      assert.deepEqual([session.usage, session.requests], [usage, 1]);
      assert.equal((await tester.view()).activity.size, 0);
      assert.equal(await tester.settle(told, usage, 'r1'), false, 'its engine is not dead after all, and comes late');
      assert.deepEqual((await tester.view()).usedToday, usage);
      assert.equal(await tester.used('tokensPerMinute'), 900 + 500 + 100, 'what it may have used counts as used');
      tester.now += 60_000;
      assert.equal(await tester.used('tokensPerMinute'), 0);
      assert.equal((await tester.ask(a, { input: 9100 })).state, 'used-up', 'the agent’s day has it too');
    });

    it('is no use of a request that was withdrawn or settled before', async () => {
      const tester = given();
      const a = await tester.opened('a');
      for (const end of ['withdraw', 'settle'] as const) {
        const id = await tester.admitted(a, { input: 10, engineId: 'dead' });
        await tester.charge(id, { inputTokens: 10, usage: tokens(10) });
        if (end === 'withdraw') await tester.ledger.withdraw(id);
        else await tester.settle(id, tokens(10, 5), 'r1');
      }
      await tester.ledger.forgetEngine('dead', tester.now);
      assert.deepEqual((await tester.view()).usedToday, tokens(10, 5));
    });
  });
}
