import assert from 'node:assert/strict';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type LedgerTester, type OpenLedger } from './ledgerTester.ts';
import { reported, windowReport } from './reports.ts';

const minute = 60_000;
const hour = 60 * minute;

async function dimensions(tester: LedgerTester): Promise<string[]> {
  return (await tester.view()).status.limits.map(({ dimension }) => dimension);
}

export function windowTests(openLedger: OpenLedger): void {
  describe('a subscription’s windows', () => {
    const given = eachWithLedger(openLedger, maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 4 }));

    it('that are used up refuse requests and agents until they start anew, and then open by themselves', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const resetsAt = tester.now + 2 * hour;
      await tester.observe({ windows: [windowReport(1, resetsAt)] });
      const { id, run } = await tester.ask(a, { input: 10 });
      const usedUp = { kind: 'used-up', what: 'window', until: resetsAt } as const;
      assert.deepEqual(run.decided.get(id), usedUp);
      assert.equal((await tester.ask(a)).state, 'used-up', 'nor is there room for one without tokens');
      assert.deepEqual(await tester.open('b', { wait: true }), usedUp);
      assert.deepEqual((await tester.view()).line, [], 'who is refused does not keep a place');
      assert.equal((await tester.open('c', { mode: 'unauthenticated' })).kind, 'opened');
      tester.now = resetsAt;
      await tester.admitted(a, { input: 10 });
      await tester.opened('b');
    });

    it('that close tell those who wait', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.observe({ limits: [reported('requestsPerMinute', 1)] });
      await tester.admitted(a);
      const waits = await tester.waiting(a, { engineId: 'other' });
      const resetsAt = tester.now + hour;
      await tester.observe({ windows: [windowReport(1.02, resetsAt)] });
      await tester.run();
      assert.deepEqual((await tester.run('other')).decided.get(waits), {
        kind: 'used-up',
        what: 'window',
        until: resetsAt,
      });
    });

    it('are closed when Anthropic says so, whatever is left of them, and by the last of them', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const [soon, later] = [tester.now + hour, tester.now + 50 * hour];
      await tester.observe({
        windows: [windowReport(1, soon), windowReport(0.3, later, { name: 'sevenDay', rejected: true })],
      });
      const { id, run } = await tester.ask(a);
      assert.deepEqual(run.decided.get(id), { kind: 'used-up', what: 'window', until: later });
      await tester.observe({ windows: [windowReport(0.31, later, { name: 'sevenDay' })] });
      const second = await tester.ask(a);
      assert.deepEqual(second.run.decided.get(second.id), { kind: 'used-up', what: 'window', until: soon });
      await tester.observe({ windows: [windowReport(0.9, soon)] });
      await tester.admitted(a);
    });

    it('that open again within a minute are waited for', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const resetsAt = tester.now + minute;
      await tester.observe({ windows: [windowReport(1, resetsAt)] });
      const { id, state, run } = await tester.ask(a, { input: 10 });
      assert.deepEqual([state, run.nextAt], ['waiting', resetsAt]);
      tester.now = resetsAt - 1;
      assert.deepEqual(await tester.goes(), []);
      tester.now = resetsAt;
      assert.deepEqual(await tester.goes(), [id]);
    });

    it('take the place of the daily tokens while they are known', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a, { input: 1000 }), tokens(1000));
      assert.equal((await tester.ask(a, { input: 1 })).state, 'used-up');
      assert.deepEqual(await dimensions(tester), ['tokensPerDay', 'slots']);
      const resetsAt = tester.now + 5 * hour;
      await tester.observe({ windows: [windowReport(0.25, resetsAt, { reportedAt: tester.now })] });
      await tester.settle(await tester.admitted(a, { input: 50_000 }), tokens(50_000));
      await tester.opened('b');
      assert.deepEqual(await dimensions(tester), ['fiveHour', 'slots']);
      const { percentage, ...shown } = await tester.limit('fiveHour');
      assert.equal(percentage, 25);
      assert.deepEqual(shown, {
        dimension: 'fiveHour',
        limit: 100,
        used: 25,
        remaining: 75,
        source: 'reported',
        resetsAt,
        reportedAt: tester.now,
      });
      tester.now = resetsAt;
      assert.deepEqual(await dimensions(tester), ['tokensPerDay', 'slots'], 'it is not known how full the next is');
      assert.equal((await tester.ask(a, { input: 1 })).state, 'used-up');
    });

    it('are all that holds when the settings say so', async () => {
      const tester = given();
      tester.dailyTokens = 'reported';
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a, { input: 9000 }), tokens(9000));
      await tester.admitted(a, { input: 9000 });
      await tester.opened('b');
      assert.deepEqual(await dimensions(tester), ['slots']);
      await tester.observe({ windows: [windowReport(1, tester.now + hour)] });
      assert.equal((await tester.ask(a)).state, 'used-up');
    });

    it('do not put back a session for what they refused', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const resetsAt = tester.now + 2 * minute;
      await tester.observe({ windows: [windowReport(1, resetsAt)] });
      for (let times = 0; times < 3; times += 1) {
        assert.equal((await tester.ask(a, { input: 50_000 })).state, 'used-up');
      }
      tester.now = resetsAt;
      tester.dailyTokens = 'reported';
      await tester.settle(await tester.admitted(b, { input: 600 }), tokens(600));
      await tester.observe({ limits: [reported('requestsPerMinute', 1, 0)] });
      const later = await tester.waiting(b, { input: 100 });
      const first = await tester.waiting(a, { input: 100 });
      tester.now += minute;
      assert.deepEqual(await tester.goes(), [first]);
      await tester.settle(first, tokens(100));
      tester.now += minute;
      assert.deepEqual(await tester.goes(), [later]);
    });

    it('survive a clock that was set back, and start anew by it', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const resetsAt = tester.now + 30 * minute;
      await tester.observe({ windows: [windowReport(1, resetsAt)] });
      tester.now -= hour;
      assert.equal((await tester.ask(a)).state, 'used-up');
      tester.now += 3 * hour;
      await tester.admitted(a);
    });
  });
}
