import assert from 'node:assert/strict';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import type { PlanWindow } from '../../../src/core/planWindow.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { type LedgerTester, type OpenLedger, tokens } from './ledgerTester.ts';
import { report } from './reports.ts';
import { terms } from './terms.ts';

const [one, two] = ['MaxSubscription-one', 'MaxSubscription-two'];
const observed = { mode: 'observed', engineId: 'engine' } as const;

/** What of the tokens of a day each account has used. */
async function usedOf(tester: LedgerTester, planId: string | undefined): Promise<number> {
  const before = tester.planId;
  tester.planId = planId;
  try {
    return (await tester.view()).usedToday.inputTokens;
  } finally {
    tester.planId = before;
  }
}

export function accountTests(openLedger: OpenLedger): void {
  describe('accounts of a subscription', () => {
    const given = eachWithLedger(openLedger, maxSubscriptionPlan({ dailyTokens: 10_000, concurrentAgents: 2 }));
    const windowOf = (tester: LedgerTester, utilization: number): PlanWindow => ({
      name: 'fiveHour',
      utilization,
      resetsAt: tester.now + 3_600_000,
      rejected: false,
      reportedAt: tester.now,
    });

    it('have what their sessions use, and slots of their own', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a', observed), await tester.opened('b', observed)];
      await tester.ledger.moveSession(a, one);
      await tester.ledger.moveSession(b, two);
      await tester.book(a, tokens(100), 'r1');
      await tester.book(b, tokens(30), 'r2');
      await tester.book(b, tokens(7), 'r1');
      assert.deepEqual(
        [await usedOf(tester, one), await usedOf(tester, two), await usedOf(tester, undefined)],
        [100, 30, 0],
      );
      tester.planId = one;
      assert.equal(await tester.used('slots'), 1);
      await tester.opened('c', observed);
      assert.equal((await tester.open('d', observed)).kind, 'no-slot');
      tester.planId = two;
      await tester.opened('d', observed);
    });

    it('keep what a window on another plan learns of them', async () => {
      const tester = given();
      const a = await tester.opened('a', observed);
      await tester.ledger.moveSession(a, one);
      const elsewhere = terms(apiKeyPlan({}));
      const book = (requestId: string): Promise<boolean> =>
        tester.ledger.book(a, { usage: tokens(100), model: undefined, requestId }, elsewhere, tester.now);
      assert.deepEqual([await book('r1'), await book('r1')], [true, false]);
      await tester.ledger.observe(report({ windows: [windowOf(tester, 1)] }), elsewhere, tester.now, a);
      const { status, usedToday } = await tester.ledger.view(elsewhere, tester.now);
      assert.equal(usedToday.inputTokens, 0);
      assert.deepEqual(
        status.limits.flatMap(({ dimension, used }) =>
          ['requestsPerMinute', 'fiveHour'].includes(dimension) ? [[dimension, used]] : [],
        ),
        [['requestsPerMinute', 0]],
      );
      assert.equal(await usedOf(tester, one), 100);
    });

    it('have lines of their own, which any engine of theirs runs on', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a', observed), await tester.opened('b', observed)];
      await tester.ledger.moveSession(a, one);
      await tester.ledger.moveSession(b, two);
      await tester.ledger.observe(report({ windows: [windowOf(tester, 1)] }), tester.terms, tester.now, a);
      assert.equal((await tester.ask(a, { input: 1000 })).state, 'used-up');
      await tester.admitted(b, { input: 1000 });
      const short = { ...windowOf(tester, 1), resetsAt: tester.now + 5000 };
      await tester.ledger.observe(report({ windows: [short] }), tester.terms, tester.now, a);
      const { id, run } = await tester.ask(a, { input: 1000 });
      assert.equal(run.nextAt, tester.now + 5000);
      assert.deepEqual(await tester.goes(), []);
      tester.now += 5000;
      assert.deepEqual(await tester.goes(), [id]);
    });

    it('have the windows that their sessions tell, seen by the session', async () => {
      const tester = given();
      const a = await tester.opened('a', observed);
      await tester.observe({ windows: [windowOf(tester, 0.9)] });
      await tester.ledger.moveSession(a, one);
      const limitsOf = async (sessionId?: string) => {
        const { status } = await tester.ledger.view(tester.terms, tester.now, sessionId);
        return status.limits.flatMap(({ dimension, percentage }) => (dimension === 'fiveHour' ? [percentage] : []));
      };
      assert.deepEqual(await limitsOf(), [], 'nobody knows whose was told before');
      await tester.ledger.observe(report({ windows: [windowOf(tester, 0.4)] }), tester.terms, tester.now, a);
      assert.deepEqual([await limitsOf(a), await limitsOf()], [[40], []]);
    });

    it('keep their sessions when the engine’s plan becomes another account', async () => {
      const tester = given();
      const [told, untold, routed] = [
        await tester.opened('told', observed),
        await tester.opened('untold', observed),
        await tester.opened('routed', { ...observed, mode: 'unauthenticated' }),
      ];
      await tester.ledger.moveSession(told, one);
      await tester.ledger.moveSessions('engine', two);
      const plans = async () =>
        Promise.all([told, untold, routed].map(async (id) => (await tester.session(id)).planId));
      assert.deepEqual(await plans(), [one, two, two]);
      await tester.ledger.moveSessions('engine', 'ApiKey-three');
      assert.deepEqual(await plans(), ['ApiKey-three', 'ApiKey-three', 'ApiKey-three']);
      await tester.ledger.moveSessions('engine', two);
      assert.deepEqual(await plans(), [two, two, two]);
    });

    it('are known since when something was heard of them', async () => {
      const tester = given();
      assert.deepEqual(await tester.ledger.accounts(tester.terms), []);
      const a = await tester.opened('a', observed);
      await tester.ledger.moveSession(a, one);
      await tester.ledger.moveSession('nobody', two);
      assert.deepEqual(
        (await tester.ledger.accounts(tester.terms)).map(({ planId }) => planId),
        [one],
      );
      await tester.book(a, tokens(1), 'r1');
      assert.deepEqual(await tester.ledger.accounts(tester.terms), [{ planId: one, lastAt: tester.now }]);
      await tester.ledger.endSession(a, 'released', tester.now);
      await tester.ledger.moveSession(a, two);
      assert.equal((await tester.session(a)).planId, one);
    });

    it('are not those of agents that go through the gateway', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.ledger.moveSession(a, one);
      await tester.book(a, tokens(5), 'r1');
      assert.deepEqual([await usedOf(tester, one), await usedOf(tester, undefined)], [0, 5]);
    });
  });
}
