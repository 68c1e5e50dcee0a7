import assert from 'node:assert/strict';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type LedgerTester, type OpenLedger } from './ledgerTester.ts';

/** Used requests and tokens, as shown. */
async function used(tester: LedgerTester): Promise<[requests: number, tokens: number]> {
  return [await tester.used('requestsPerMinute'), await tester.used('tokensPerMinute')];
}

export function requestTests(openLedger: OpenLedger): void {
  describe('reservations', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 6000, concurrentAgents: 4 });
    const given = eachWithLedger(openLedger, plan);

    it('hold their estimate until the upstream is known to have counted it, and refill only then', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 1000, output: 500 });
      assert.deepEqual(await used(tester), [1, 1500]);
      tester.now += 120_000;
      assert.deepEqual(await used(tester), [1, 1500], 'what is held does not refill');
      await tester.charge(id);
      tester.now += 500;
      assert.deepEqual((await tester.limit('requestsPerMinute')).percentage, (0.5 / 60) * 100);
      assert.equal(await tester.used('tokensPerMinute'), 1500);
      await tester.charge(id, { inputTokens: 1000 });
      tester.now += 5000;
      assert.equal(await tester.used('tokensPerMinute'), 500 + 500, 'half of the input has refilled');
      await tester.settle(id, tokens(1000, 500));
      tester.now += 10_000;
      assert.deepEqual(await used(tester), [0, 0]);
    });

    it('are corrected by what was really used, in both directions', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const more = await tester.admitted(a, { input: 100, output: 100 });
      await tester.charge(more, { inputTokens: 700 });
      assert.equal(await tester.used('tokensPerMinute'), 700);
      await tester.settle(more, tokens(700, 900));
      assert.deepEqual(await used(tester), [1, 1600]);
      const less = await tester.admitted(a, { input: 3000, output: 100 });
      assert.equal(await tester.used('tokensPerMinute'), 4700);
      await tester.charge(less, { inputTokens: 10 });
      await tester.settle(less, tokens(10, 5));
      assert.deepEqual(await used(tester), [2, 1615]);
    });

    it('charge the same again without counting it twice', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 100, output: 50 });
      for (let times = 0; times < 3; times += 1) await tester.charge(id, { inputTokens: 100 });
      assert.deepEqual(await used(tester), [1, 150]);
      await tester.settle(id, tokens(100, 50));
      assert.deepEqual(await used(tester), [1, 150]);
    });

    it('are given back whole when withdrawn, admitted or in line', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 6000 });
      const waiting = await tester.waiting(a, { input: 1 });
      await tester.ledger.withdraw(id);
      await tester.ledger.withdraw(id);
      assert.deepEqual(await used(tester), [0, 0]);
      await tester.ledger.withdraw(waiting);
      assert.deepEqual(await tester.goes(), []);
      assert.equal((await tester.view()).activity.size, 0);
    });

    it('give back the rest when withdrawn after a part was counted', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 100, output: 50 });
      await tester.charge(id);
      await tester.ledger.withdraw(id);
      assert.deepEqual(await used(tester), [1, 0]);
    });

    it('settle once', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 100 });
      assert.equal(await tester.settle(id, tokens(100)), true);
      assert.equal(await tester.settle(id, tokens(100)), false);
      assert.deepEqual((await tester.session(a)).usage, tokens(100));
      assert.equal(await tester.settle('unknown', tokens(5)), false);
      await tester.charge('unknown', { inputTokens: 5 });
      assert.deepEqual(await used(tester), [1, 100]);
    });

    it('leave nothing of a limit, but no debt, where nobody told what was used and much is expected', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 1000 });
      const charge = { requests: 1, inputTokens: 50_000, outputTokens: 0 };
      await tester.ledger.settle(id, undefined, charge, tester.terms, tester.now);
      assert.deepEqual(await used(tester), [1, 6000]);
      tester.now += 60_000;
      assert.deepEqual(await used(tester), [0, 0]);
    });

    it('settle without usage when none was told', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 100, output: 50 });
      assert.equal(await tester.settle(id, undefined), true);
      assert.deepEqual(await used(tester), [1, 0]);
      assert.deepEqual((await tester.view()).usedToday, tokens(0));
    });

    it('are counted as waiting and running', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.admitted(a, { input: 3000 });
      await tester.admitted(a, { input: 3000 });
      await tester.waiting(a, { input: 1 });
      const { activity } = await tester.view();
      assert.deepEqual([...activity], [[a, { waitingRequests: 1, runningRequests: 2 }]]);
    });
  });

  describe('usage', () => {
    const given = eachWithLedger(openLedger, maxSubscriptionPlan({ dailyTokens: 100_000, concurrentAgents: 4 }));
    const everything = tokens(1, 5, { cacheCreation5mTokens: 2, cacheCreation1hTokens: 3, cacheReadTokens: 4 });

    it('adds up by session and by day, field by field', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      await tester.settle(await tester.admitted(a), everything, 'r1');
      await tester.settle(await tester.admitted(a), tokens(10), 'r2');
      await tester.settle(await tester.admitted(b), tokens(100), undefined);
      assert.deepEqual((await tester.session(a)).usage, { ...everything, inputTokens: 11 });
      assert.equal((await tester.session(a)).requests, 2);
      assert.deepEqual((await tester.view()).usedToday, { ...everything, inputTokens: 111 });
      assert.equal(await tester.used('tokensPerDay'), 121, 'cache reads do not count');
    });

    it('shows what requests under way have reported so far, and does not count it twice', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a), tokens(100));
      const shown = async (): Promise<unknown[]> => {
        const { usedToday, sessions } = await tester.view();
        return [usedToday, sessions[0]?.usage];
      };
      const id = await tester.admitted(a, { input: 10, output: 10 });
      await tester.charge(id, { inputTokens: 11, usage: everything });
      await tester.charge(id);
      const both = { ...everything, inputTokens: 101 };
      assert.deepEqual(await shown(), [both, both]);
      await tester.settle(id, { ...everything, outputTokens: 50 });
      assert.deepEqual(await shown(), [
        { ...both, outputTokens: 50 },
        { ...both, outputTokens: 50 },
      ]);
      const gone = await tester.admitted(a);
      await tester.charge(gone, { usage: everything });
      await tester.ledger.withdraw(gone);
      assert.deepEqual((await shown())[0], { ...both, outputTokens: 50 });
    });

    it('is booked once for a request id', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const [first, second] = [await tester.admitted(a), await tester.admitted(b)];
      assert.equal(await tester.settle(first, tokens(10), 'the same'), true);
      assert.equal(await tester.settle(second, tokens(10), 'the same'), false);
      assert.deepEqual((await tester.view()).usedToday, tokens(10));
      assert.deepEqual((await tester.session(b)).usage, tokens(0));
      assert.equal((await tester.view()).activity.size, 0);
    });

    it('without a request id is booked each time', async () => {
      const tester = given();
      const a = await tester.opened('a');
      for (let times = 0; times < 2; times += 1) await tester.settle(await tester.admitted(a), tokens(10));
      assert.deepEqual((await tester.view()).usedToday, tokens(20));
    });

    it('belongs to the local day on which it was settled, and starts from nothing at midnight', async () => {
      const tester = given();
      const a = await tester.opened('a');
      tester.now = new Date(2026, 0, 15, 23, 59, 59, 999).getTime();
      const over = await tester.admitted(a, { input: 100 });
      await tester.settle(await tester.admitted(a), tokens(7));
      assert.equal(await tester.used('tokensPerDay'), 107);
      tester.now += 1;
      assert.equal(await tester.used('tokensPerDay'), 100, 'what is under way is held on the new day');
      await tester.settle(over, tokens(100));
      assert.deepEqual((await tester.view()).usedToday, tokens(100));
      tester.now -= 1;
      assert.deepEqual((await tester.view()).usedToday, tokens(7));
    });
  });

  describe('the day that is used up', () => {
    const given = eachWithLedger(openLedger, maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 4 }));

    it('refuses a request that it cannot hold, and says until when', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a, { input: 600 }), tokens(600));
      const { id, run } = await tester.ask(a, { input: 401 });
      assert.deepEqual(run.decided.get(id), { kind: 'used-up', what: 'day', until: new Date(2026, 0, 16).getTime() });
      await tester.admitted(a, { input: 400 });
    });

    it('lets one wait for what is only held, and admits or refuses it when that is known', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const held = await tester.admitted(a, { input: 600 });
      const waits = await tester.waiting(a, { input: 500 });
      await tester.settle(held, tokens(500));
      assert.deepEqual(await tester.goes(), [waits]);
      const refused = await tester.waiting(a, { input: 1 });
      await tester.settle(waits, tokens(600));
      assert.equal((await tester.run()).decided.get(refused)?.kind, 'used-up');
    });

    it('admits a request that is larger than the day when nothing is used yet', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const id = await tester.admitted(a, { input: 12_000 });
      await tester.waiting(a, { input: 1 });
      await tester.settle(id, tokens(12_000));
      assert.equal(await tester.used('tokensPerDay'), 12_000);
      assert.equal((await tester.limit('tokensPerDay')).remaining, 0);
    });

    it('lets requests without tokens pass', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a, { input: 1000 }), tokens(1000));
      await tester.admitted(a);
    });
  });
}
