import assert from 'node:assert/strict';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type OpenLedger } from './ledgerTester.ts';

export function planChangeTests(openLedger: OpenLedger): void {
  describe('a plan of another kind', () => {
    const apiKey = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 6000, concurrentAgents: 1 });
    const subscription = maxSubscriptionPlan({ dailyTokens: 10_000, concurrentAgents: 1 });
    const given = eachWithLedger(openLedger, apiKey);

    it('leaves nothing held of the one before', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const charged = await tester.admitted(a, { input: 1000, output: 1000 });
      const settled = await tester.admitted(a, { input: 500 });
      tester.plan = subscription;
      await tester.charge(charged, { inputTokens: 900 });
      await tester.settle(settled, tokens(500));
      await tester.settle(charged, tokens(900, 100));
      tester.plan = apiKey;
      assert.equal(await tester.used('requestsPerMinute'), 2);
      assert.equal(await tester.used('tokensPerMinute'), 1500);
      tester.now += 60_000;
      assert.equal(await tester.used('tokensPerMinute'), 0);
      assert.equal(await tester.used('requestsPerMinute'), 0);
    });

    it('counts what sessions of the one before use from now on', async () => {
      const tester = given();
      const a = await tester.opened('a');
      tester.plan = subscription;
      await tester.settle(await tester.admitted(a, { input: 6000 }), tokens(6000));
      assert.equal(await tester.used('tokensPerDay'), 6000);
      assert.equal((await tester.ask(a, { input: 6000 })).state, 'used-up');
      assert.deepEqual((await tester.session(a)).usage, tokens(6000));
    });

    it('takes over those who wait for a slot', async () => {
      const tester = given();
      const wait = { wait: true };
      await tester.opened('a');
      await tester.open('b', wait);
      tester.plan = subscription;
      const c = await tester.opened('c');
      await tester.open('b', wait);
      await tester.open('d', wait);
      assert.deepEqual(
        (await tester.view()).line.map(({ agentId }) => agentId),
        ['b', 'd'],
      );
      await tester.ledger.endSession(c, 'released', tester.now);
      assert.equal((await tester.open('d', wait)).kind, 'no-slot');
      assert.equal((await tester.open('b', wait)).kind, 'opened');
    });
  });
}
