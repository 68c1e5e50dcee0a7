import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import type { LimitStatus } from '../../../src/shared/limitStatus.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type OpenLedger } from './ledgerTester.ts';

export function sharedTests(openLedger: OpenLedger): void {
  const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 6000, concurrentAgents: 4 });

  describe('engines', () => {
    const given = eachWithLedger(openLedger, plan);

    it('are known with their processes until they are forgotten', async () => {
      const { ledger, now } = given();
      await ledger.join('one', { pid: 1 }, now);
      await ledger.join('two', { pid: 2, startMark: 'then' }, now);
      await ledger.join('one', { pid: 3 }, now);
      const engines = [...(await ledger.engines())].sort((a, b) => a.engineId.localeCompare(b.engineId));
      assert.deepEqual(engines, [
        { engineId: 'one', process: { pid: 3 } },
        { engineId: 'two', process: { pid: 2, startMark: 'then' } },
      ]);
      await ledger.forgetEngine('one', now);
      assert.deepEqual(
        (await ledger.engines()).map(({ engineId }) => engineId),
        ['two'],
      );
    });

    it('decide for one another, and each hears of its own requests', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const whole = await tester.admitted(a, { input: 6000 });
      const mine = await tester.waiting(a, { input: 100 });
      const theirs = await tester.waiting(a, { input: 100, engineId: 'other' });
      await tester.settle(whole, tokens(6000));
      tester.now += 60_000;
      assert.deepEqual(await tester.goes(), [mine]);
      assert.equal(await tester.used('tokensPerMinute'), 200, 'both are admitted');
      assert.deepEqual(await tester.goes('other'), [theirs]);
      assert.deepEqual(await tester.goes('other'), [], 'told once');
    });

    it('that join again before they are forgotten keep what they have', async () => {
      const tester = given();
      const { ledger, now } = tester;
      const before = { pid: 1, startMark: 'then' };
      await ledger.join('engine', before, now);
      const a = await tester.opened('a');
      for (const [process, since] of [
        [before, { pid: 2, startMark: 'then' }],
        [
          { pid: 2, startMark: 'then' },
          { pid: 2, startMark: 'now' },
        ],
      ] as const) {
        await ledger.join('engine', since, now);
        const id = await tester.admitted(a, { input: 100 });
        await ledger.forgetEngine('engine', now, process);
        assert.deepEqual(await ledger.engines(), [{ engineId: 'engine', process: since }]);
        assert.equal(await tester.settle(id, tokens(100)), true);
      }
      await ledger.forgetEngine('engine', now, { pid: 2, startMark: 'now' });
      assert.deepEqual(await ledger.engines(), []);
    });

    for (const [how, leave] of [
      ['forgotten', 'forgetEngine'],
      ['started again', 'join'],
    ] as const) {
      it(`${how} leave nothing in line, and what was in flight counts as used`, async () => {
        const tester = given();
        const a = await tester.opened('a');
        const dead = { engineId: 'dead' };
        const counted = await tester.admitted(a, { input: 1000, output: 500, ...dead });
        await tester.charge(counted, { inputTokens: 900 });
        await tester.admitted(a, { input: 2000, ...dead });
        await tester.waiting(a, { input: 3000, ...dead });
        await tester.open('b', { ...dead, wait: true });
        const mine = await tester.waiting(a, { input: 1500 });
        if (leave === 'join') await tester.ledger.join('dead', { pid: 1 }, tester.now);
        else await tester.ledger.forgetEngine('dead', tester.now);
        assert.equal(await tester.used('requestsPerMinute'), 2);
        assert.equal(await tester.used('tokensPerMinute'), 3500);
        assert.equal((await tester.view()).line.length, 0);
        assert.deepEqual([...(await tester.view()).activity], [[a, { waitingRequests: 1, runningRequests: 0 }]]);
        assert.equal(await tester.settle(counted, tokens(900)), false);
        assert.deepEqual(await tester.goes('dead'), []);
        assert.deepEqual(await tester.goes(), [mine]);
        await tester.settle(mine, tokens(1500));
        tester.now += 60_000;
        assert.equal(await tester.used('tokensPerMinute'), 0, 'what was written off refills');
        assert.equal((await tester.session(a)).state, 'active', 'sessions outlive an engine');
      });
    }
  });

  describe('changes', () => {
    const given = eachWithLedger(openLedger, plan);

    it('are told until the listener leaves', async () => {
      const tester = given();
      let told = 0;
      const leave = tester.ledger.onChange(() => {
        told += 1;
      });
      const change = async (make: () => Promise<unknown>): Promise<number> => {
        const before = told;
        await make();
        await pause(1);
        return told - before;
      };
      let a = '';
      let id = '';
      const changes: (() => Promise<unknown>)[] = [
        async () => (a = await tester.opened('a')),
        async () => (id = await tester.admitted(a, { input: 6000 })),
        () => tester.waiting(a, { input: 1 }),
        () => tester.charge(id, { inputTokens: 10 }),
        () => tester.settle(id, tokens(10)),
        () => tester.run(),
        () => tester.ledger.attachProcess(a, { pid: 9 }),
        () => tester.observe({ retryAfterMs: 10, limited: true }),
        () => tester.ledger.endSession(a, 'released', tester.now),
      ];
      for (const make of changes) assert.ok((await change(make)) > 0, String(make));
      const reads: (() => Promise<unknown>)[] = [
        () => tester.view(),
        () => tester.ledger.liveSessions(),
        () => tester.ledger.engines(),
        () => tester.run(),
        () => tester.ledger.endSession(a, 'released', tester.now),
        () => tester.ledger.leaveSlotLine('nobody'),
      ];
      await tester.run();
      await pause(1);
      for (const read of reads) assert.equal(await change(read), 0, String(read));
      leave();
      assert.equal(await change(() => tester.opened('b')), 0);
    });
  });

  describe('the view', () => {
    const given = eachWithLedger(openLedger, plan);

    function agrees({ dimension, limit, used, remaining, percentage }: LimitStatus): void {
      assert.equal(remaining, Math.max(0, limit - used), dimension);
      assert.ok(Math.abs(percentage - (used / limit) * 100) <= (0.5 / limit) * 100 + 1e-9, dimension);
    }

    it('has numbers that agree with one another, at every moment of a refill', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a, { input: 3000 }), tokens(2999));
      for (let step = 0; step < 40; step += 1) {
        const { status } = await tester.view();
        for (const limit of status.limits) agrees(limit);
        assert.equal(status.at, tester.now);
        const rates = status.limits.filter(({ dimension }) => dimension !== 'slots');
        assert.equal(status.percentage, Math.max(...rates.map(({ percentage }) => percentage)));
        tester.now += 977;
      }
    });

    it('says when a limit is whole again', async () => {
      const tester = given();
      const a = await tester.opened('a');
      assert.equal((await tester.limit('tokensPerMinute')).resetsAt, undefined);
      await tester.settle(await tester.admitted(a, { input: 3000 }), tokens(3000));
      assert.equal((await tester.limit('tokensPerMinute')).resetsAt, tester.now + 30_000);
      tester.now += 30_000;
      const whole = await tester.limit('tokensPerMinute');
      assert.deepEqual([whole.used, whole.resetsAt], [0, undefined]);
    });

    it('shows the daily tokens of a subscription, with midnight as their end', async () => {
      const tester = given();
      tester.plan = maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 2 });
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a, { input: 100 }), tokens(200));
      await tester.admitted(a, { input: 50 });
      const { status } = await tester.view();
      assert.equal(status.planKind, 'MaxSubscription');
      assert.equal(status.percentage, 25);
      assert.deepEqual(await tester.limit('tokensPerDay'), {
        dimension: 'tokensPerDay',
        limit: 1000,
        used: 250,
        remaining: 750,
        percentage: 25,
        source: 'setting',
        resetsAt: new Date(2026, 0, 16).getTime(),
      });
    });

    it('lists live sessions, oldest first', async () => {
      const tester = given();
      const ids = [];
      for (const agent of ['c', 'a', 'b']) ids.push(await tester.opened(agent));
      await tester.ledger.endSession(ids[1] ?? '', 'released', tester.now);
      const shown = (await tester.view()).sessions.map(({ sessionId }) => sessionId);
      assert.deepEqual(shown, [ids[0], ids[2]]);
    });
  });
}
