import assert from 'node:assert/strict';
import type { ReportedLimit } from '../../../src/core/admission.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type LedgerTester, type OpenLedger } from './ledgerTester.ts';
import { reported } from './reports.ts';

const minute = 60_000;
const hour = 60 * minute;

function observe(
  tester: LedgerTester,
  limits: readonly (readonly [ReportedLimit['dimension'], limit: number, remaining: number])[],
  retryAfterMs?: number,
): Promise<void> {
  return tester.observe({
    limits: limits.map((limit) => reported(...limit)),
    retryAfterMs,
    limited: retryAfterMs !== undefined,
  });
}

/** Uses so many tokens, known to the upstream, now. */
async function use(tester: LedgerTester, sessionId: string, amount: number): Promise<void> {
  await tester.settle(await tester.admitted(sessionId, { input: amount }), tokens(amount));
}

export function limitTests(openLedger: OpenLedger): void {
  describe('limits', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 60_000, concurrentAgents: 4 });
    const given = eachWithLedger(openLedger, plan);

    it('pause for as long as the upstream asks, for every session', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      await observe(tester, [], 3000);
      await observe(tester, [], 1000);
      const until = tester.now + 3000;
      const first = await tester.ask(a);
      const second = await tester.ask(b, { engineId: 'other' });
      assert.deepEqual([first.state, second.state], ['waiting', 'waiting']);
      assert.equal(second.run.nextAt, until, 'a shorter pause does not end a longer one');
      assert.equal((await tester.view()).status.pausedUntil, until);
      tester.now = until - 1;
      assert.deepEqual(await tester.goes(), []);
      tester.now = until;
      assert.deepEqual(await tester.goes(), [first.id]);
      assert.deepEqual(await tester.goes('other'), [second.id]);
      assert.equal((await tester.view()).status.pausedUntil, undefined);
    });

    it('are the smaller of what is set and what is reported', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await observe(tester, [
        ['requestsPerMinute', 2, 2],
        ['tokensPerMinute', 90_000, 90_000],
        ['outputTokensPerMinute', 100, 100],
      ]);
      const limits = (await tester.view()).status.limits.map(({ dimension, limit, source }) => [
        dimension,
        limit,
        source,
      ]);
      assert.deepEqual(limits, [
        ['requestsPerMinute', 2, 'reported'],
        ['tokensPerMinute', 60_000, 'setting'],
        ['outputTokensPerMinute', 100, 'reported'],
        ['slots', 4, 'setting'],
      ]);
      await tester.admitted(a, { output: 60 });
      await tester.waiting(a, { output: 60 });
      await observe(tester, [['requestsPerMinute', 600, 600]]);
      assert.equal((await tester.limit('requestsPerMinute')).limit, 60);
    });

    it('are corrected for what others use', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await use(tester, a, 1000);
      await observe(tester, [
        ['requestsPerMinute', 60, 10],
        ['tokensPerMinute', 60_000, 20_000],
      ]);
      assert.equal(await tester.used('requestsPerMinute'), 50);
      assert.equal(await tester.used('tokensPerMinute'), 39_500, 'reports are rounded to thousands');
      tester.now += minute / 2;
      assert.equal(await tester.used('requestsPerMinute'), 20);
    });

    it('do not count twice what is held and perhaps reported already', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.admitted(a, { input: 30_000 });
      await observe(tester, [
        ['requestsPerMinute', 60, 59],
        ['tokensPerMinute', 60_000, 30_000],
      ]);
      assert.equal(await tester.used('requestsPerMinute'), 1);
      assert.equal(await tester.used('tokensPerMinute'), 30_000);
    });

    it('are not changed by a report that agrees, or that knows less', async () => {
      const tester = given();
      const a = await tester.opened('a');
      for (let times = 0; times < 3; times += 1) await use(tester, a, 5000);
      for (const [requests, counted] of [
        [57, 45_000],
        [58, 46_000],
        [60, 60_000],
      ] as const) {
        await observe(tester, [
          ['requestsPerMinute', 60, requests],
          ['tokensPerMinute', 60_000, counted],
        ]);
        assert.equal(await tester.used('requestsPerMinute'), 3);
        assert.equal(await tester.used('tokensPerMinute'), 15_000);
      }
    });

    it('hold for a subscription too once they are reported', async () => {
      const tester = given();
      tester.plan = maxSubscriptionPlan({ dailyTokens: 1_000_000 });
      const a = await tester.opened('a');
      await use(tester, a, 50_000);
      await observe(tester, [['inputTokensPerMinute', 50_000, 10_000]]);
      assert.equal(await tester.used('inputTokensPerMinute'), 39_500);
      await tester.waiting(a, { input: 20_000 });
    });
  });

  describe('limits on a clock that jumps', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 60_000, concurrentAgents: 4 });
    const given = eachWithLedger(openLedger, plan);

    it('set back, they refill from then on', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await use(tester, a, 60_000);
      tester.now -= hour;
      const { id, run } = await tester.ask(a, { input: 30_000 });
      assert.equal(run.nextAt, tester.now + minute / 2);
      tester.now += minute / 2;
      assert.deepEqual(await tester.goes(), [id]);
    });

    it('set back, a pause is no longer than it was', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await observe(tester, [], 5000);
      tester.now -= hour;
      const { id, run } = await tester.ask(a);
      assert.equal(run.nextAt, tester.now + 5000);
      tester.now += 5000;
      assert.deepEqual(await tester.goes(), [id]);
    });

    it('set back, an agent’s and a model group’s refill from then on too', async () => {
      const tester = given();
      tester.agents = [{ pattern: 'a', limits: { tokensPerMinute: 6000 } }];
      const model = 'claude-opus-5';
      await tester.observe({ model, limits: [reported('inputTokensPerMinute', 6000)] });
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      for (const session of [a, b]) {
        await tester.settle(await tester.admitted(session, { input: 3000, model }), tokens(3000));
      }
      await tester.settle(await tester.admitted(a, { input: 3000 }), tokens(3000));
      await tester.observe({ model, retryAfterMs: 5000, limited: true });
      tester.now -= hour;
      const ofAgent = await tester.waiting(a, { input: 3000 });
      const ofGroup = await tester.waiting(b, { input: 3000, model });
      assert.equal((await tester.run()).nextAt, tester.now + 5000);
      tester.now += minute / 2;
      assert.deepEqual((await tester.goes()).sort(), [ofAgent, ofGroup].sort());
    });

    it('set forward, they are whole and no more', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await use(tester, a, 60_000);
      tester.now += hour;
      assert.equal((await tester.limit('tokensPerMinute')).remaining, 60_000);
      await use(tester, a, 60_000);
      await tester.waiting(a, { input: 1 });
    });

    it('do not refill twice because a caller comes late', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await use(tester, a, 60_000);
      const asked = tester.now;
      tester.now += 10_000;
      await use(tester, a, 10_000);
      const later = tester.now;
      tester.now = asked;
      await tester.waiting(a, { input: 30_000 });
      const underWay = await tester.waiting(a);
      await tester.ledger.withdraw(underWay);
      tester.now = later;
      assert.equal(await tester.used('tokensPerMinute'), 60_000);
      assert.deepEqual(await tester.goes(), []);
    });
  });
}
