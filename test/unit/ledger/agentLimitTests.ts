import assert from 'node:assert/strict';
import type { AgentLimits } from '../../../src/core/agentRules.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type LedgerTester, type OpenLedger } from './ledgerTester.ts';

function limit(tester: LedgerTester, pattern: string, limits: AgentLimits): void {
  tester.agents = [...tester.agents, { pattern, limits }];
}

export function agentLimitTests(openLedger: OpenLedger): void {
  describe('limits of an agent', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 60_000, concurrentAgents: 8 });
    const given = eachWithLedger(openLedger, plan);

    it('hold its requests up, and nobody else’s', async () => {
      const tester = given();
      limit(tester, 'batch', { requestsPerMinute: 2 });
      const [batch, other] = [await tester.opened('batch'), await tester.opened('other')];
      for (let times = 0; times < 2; times += 1) {
        await tester.settle(await tester.admitted(batch), tokens(0));
      }
      const third = await tester.ask(batch);
      assert.deepEqual([third.state, third.run.nextAt], ['waiting', tester.now + 30_000]);
      for (let times = 0; times < 5; times += 1) await tester.admitted(other);
      tester.now += 30_000;
      assert.deepEqual(await tester.goes(), [third.id]);
    });

    it('count its tokens, over all sessions of its name', async () => {
      const tester = given();
      limit(tester, 'batch', { tokensPerMinute: 6000 });
      const [one, two] = [await tester.opened('batch'), await tester.opened('batch')];
      const other = await tester.opened('other');
      await tester.settle(await tester.admitted(one, { input: 2000, output: 2000 }), tokens(2000, 2000));
      const waits = await tester.ask(two, { input: 3000 });
      assert.deepEqual([waits.state, waits.run.nextAt], ['waiting', tester.now + 10_000]);
      await tester.waiting(one, { input: 1 });
      await tester.admitted(other, { input: 30_000 });
      tester.now += 10_000;
      assert.deepEqual(await tester.goes(), [waits.id]);
    });

    it('are of a day where the settings say so, until the next', async () => {
      const tester = given();
      limit(tester, 'batch', { tokensPerDay: 1000 });
      const [batch, other] = [await tester.opened('batch'), await tester.opened('other')];
      await tester.settle(await tester.admitted(batch, { input: 600 }), tokens(600, 0, { cacheReadTokens: 9999 }));
      const { id, run } = await tester.ask(batch, { input: 401 });
      const midnight = new Date(2026, 0, 16).getTime();
      assert.deepEqual(run.decided.get(id), { kind: 'used-up', what: 'agent-day', until: midnight });
      await tester.admitted(other, { input: 5000 });
      const last = await tester.admitted(batch, { input: 400 });
      await tester.waiting(batch, { input: 1 });
      await tester.settle(last, tokens(400));
      assert.deepEqual(await tester.open('batch'), { kind: 'used-up', what: 'agent-day', until: midnight });
      assert.equal((await tester.open('other')).kind, 'opened');
      tester.now = midnight;
      await tester.admitted(await tester.opened('batch'), { input: 900 });
    });

    it('are of a day beside the daily tokens of a subscription', async () => {
      const tester = given();
      tester.plan = maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 4 });
      limit(tester, 'batch', { tokensPerDay: 600 });
      const [batch, other] = [await tester.opened('batch'), await tester.opened('other')];
      await tester.settle(await tester.admitted(batch, { input: 500 }), tokens(500));
      assert.equal((await tester.ask(batch, { input: 101 })).state, 'used-up');
      await tester.settle(await tester.admitted(other, { input: 450 }), tokens(450));
      assert.equal((await tester.ask(batch, { input: 51 })).state, 'used-up', 'the plan’s is smaller now');
      await tester.admitted(batch, { input: 50 });
    });

    it('are those of the first pattern that matches, for each name by itself', async () => {
      const tester = given();
      limit(tester, 'batch-big', { requestsPerMinute: 3 });
      limit(tester, 'batch-*', { requestsPerMinute: 1 });
      limit(tester, '*', { requestsPerMinute: 2 });
      for (const [agent, most] of [
        ['batch-big', 3],
        ['batch-1', 1],
        ['batch-2', 1],
        ['team/agent', 2],
        ['team/other', 2],
      ] as const) {
        const session = await tester.opened(agent);
        for (let times = 0; times < most; times += 1) await tester.admitted(session);
        await tester.waiting(session);
      }
    });

    it('let so many sessions of its name run at once, and others pass those who wait for that', async () => {
      const tester = given();
      limit(tester, 'batch', { concurrentSessions: 2 });
      const wait = { wait: true };
      const [first] = [await tester.opened('batch'), await tester.opened('batch')];
      const third = await tester.open('batch', { ...wait, ticket: 'third' });
      assert.ok(third.kind === 'no-slot');
      assert.equal(third.place?.place, 1);
      await tester.opened('other', wait);
      assert.deepEqual((await tester.ledger.slotLine(tester.terms)).ready, new Set());
      await tester.ledger.endSession(first, 'released', tester.now);
      assert.deepEqual((await tester.ledger.slotLine(tester.terms)).ready, new Set(['third']));
      await tester.opened('batch', { ...wait, ticket: 'third' });
      assert.equal((await tester.open('batch')).kind, 'no-slot');
    });

    it('let an idle session come back only when its name has a place', async () => {
      const tester = given();
      limit(tester, 'batch', { concurrentSessions: 1 });
      const idle = await tester.opened('batch');
      await tester.ledger.idleSession(idle, tester.now);
      const running = await tester.opened('batch');
      const waits = await tester.waiting(idle);
      await tester.admitted(running);
      await tester.admitted(await tester.opened('other'));
      assert.deepEqual(await tester.goes(), []);
      await tester.ledger.endSession(running, 'released', tester.now);
      assert.deepEqual(await tester.goes(), [waits]);
      assert.equal((await tester.session(idle)).state, 'active');
    });

    it('follow the settings, for those too who wait already', async () => {
      const tester = given();
      limit(tester, 'batch', { tokensPerMinute: 1000 });
      const batch = await tester.opened('batch');
      await tester.admitted(batch, { input: 900 });
      const waits = await tester.waiting(batch, { input: 900 });
      tester.agents = [];
      assert.deepEqual(await tester.goes(), [waits]);
    });

    it('bound what a session is promised', async () => {
      const tester = given();
      limit(tester, 'batch', { requestsPerMinute: 4, tokensPerMinute: 3000, concurrentSessions: 2 });
      const outcome = await tester.open('batch');
      assert.deepEqual(outcome.kind === 'opened' && outcome.allocation, { requestsPerMinute: 2, tokens: 1500 });
    });
  });

  describe('weights', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 600, tokensPerMinute: 60_000, concurrentAgents: 8 });
    const given = eachWithLedger(openLedger, plan);

    for (const [name, weight, share] of [
      ['a double', 2, 2 / 3],
      ['a half', 0.5, 1 / 3],
      ['an equal', 1, 1 / 2],
    ] as const) {
      it(`give ${name} weight ${Math.round(share * 100)} % under contention`, async () => {
        const tester = given();
        limit(tester, 'weighs', { weight });
        const [weighs, other] = [await tester.opened('weighs'), await tester.opened('other')];
        const filler = await tester.opened('filler');
        await tester.settle(await tester.admitted(filler, { input: 60_000 }), tokens(60_000));
        const ofWeighs = new Set<string>();
        for (let index = 0; index < 60; index += 1) {
          ofWeighs.add(await tester.waiting(weighs, { input: 2000 }));
          await tester.waiting(other, { input: 2000 });
        }
        const gone: string[] = [];
        while (gone.length < 60) {
          tester.now += 2000;
          for (const id of await tester.goes()) {
            gone.push(id);
            await tester.settle(id, tokens(2000));
          }
        }
        const got = gone.filter((id) => ofWeighs.has(id)).length / gone.length;
        assert.ok(Math.abs(got - share) < 0.03, `it got ${got}`);
      });
    }

    it('hold back nobody while there is no contention', async () => {
      const tester = given();
      limit(tester, 'light', { weight: 0.01 });
      const light = await tester.opened('light');
      for (let times = 0; times < 20; times += 1) await tester.admitted(light, { input: 1000 });
    });
  });
}
