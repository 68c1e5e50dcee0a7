import assert from 'node:assert/strict';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type AskOptions, type LedgerTester, type OpenLedger } from './ledgerTester.ts';
import { reported } from './reports.ts';

const minute = 60_000;

/** Uses the whole plan up, and puts so many requests in line. @returns their ids. */
async function queue(tester: LedgerTester, sessionId: string, count: number, options?: AskOptions): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push(await tester.waiting(sessionId, options));
  return ids;
}

/** Four requests of 20,000 tokens of one session and twenty of 4,000 of another, both of which have had as much so far. */
async function queueOfTwo(tester: LedgerTester): Promise<{ readonly larges: string[]; readonly smalls: string[] }> {
  const [large, small] = [await tester.opened('large'), await tester.opened('small')];
  await tester.settle(await tester.admitted(small), tokens(60_000));
  await tester.settle(await tester.admitted(large), tokens(60_000));
  const larges = await queue(tester, large, 4, { input: 20_000 });
  const smalls = await queue(tester, small, 20, { input: 4000 });
  tester.now += 2 * minute;
  return { larges, smalls };
}

/** Lets requests go one at a time until the line is empty. @returns them in the order in which they went. */
async function order(tester: LedgerTester, stepMs: number, mostSteps = 1000): Promise<string[]> {
  const gone: string[] = [];
  for (let step = 0; step < mostSteps; step += 1) {
    for (const id of await tester.goes()) {
      gone.push(id);
      await tester.charge(id);
      await tester.ledger.withdraw(id);
    }
    tester.now += stepMs;
  }
  return gone;
}

export function lineTests(openLedger: OpenLedger): void {
  describe('the line of requests', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 60_000, concurrentAgents: 8 });
    const given = eachWithLedger(openLedger, plan);

    it('says when the next may go, and lets it go then and not before', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const whole = await tester.admitted(a, { input: 60_000 });
      const { id, run } = await tester.ask(a, { input: 30_000 });
      assert.equal(run.nextAt, undefined, 'only when what is held is known');
      await tester.settle(whole, tokens(60_000));
      const { nextAt } = await tester.run();
      assert.equal(nextAt, tester.now + minute / 2);
      tester.now = nextAt - 1;
      assert.deepEqual(await tester.goes(), []);
      tester.now += 1;
      assert.deepEqual(await tester.goes(), [id]);
      assert.deepEqual(await tester.run(), { decided: new Map(), nextAt: undefined });
    });

    it('lets no cheaper request pass the head', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      await tester.settle(await tester.admitted(a, { input: 50_000 }), tokens(50_000));
      const head = await tester.waiting(b, { input: 40_000 });
      const small = await tester.waiting(a, { input: 1 });
      tester.now += 10_000;
      assert.deepEqual(await tester.goes(), []);
      tester.now += 20_000;
      assert.deepEqual(await tester.goes(), [head]);
      tester.now += 1;
      assert.deepEqual(await tester.goes(), [small]);
    });

    it('admits what is larger than the limit when the bucket is full', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.settle(await tester.admitted(a, { input: 600 }), tokens(600));
      const { id, run } = await tester.ask(a, { input: 100_000 });
      assert.equal(run.nextAt, tester.now + 600);
      tester.now += 600;
      assert.deepEqual(await tester.goes(), [id]);
    });

    it('serves sessions in turn, however many requests one of them has in line', async () => {
      const tester = given();
      const [greedy, modest] = [await tester.opened('greedy'), await tester.opened('modest')];
      await tester.settle(await tester.admitted(greedy, { input: 60_000 }), tokens(60_000));
      const many = await queue(tester, greedy, 30, { input: 6000 });
      const few = await queue(tester, modest, 5, { input: 6000 });
      const gone = await order(tester, 1000, 1);
      assert.deepEqual(gone, []);
      const first = (await order(tester, 6000, 20)).slice(0, 11);
      for (const id of few) assert.ok(first.includes(id), `${id} waits behind those of the greedy session`);
      assert.equal(first.filter((id) => many.includes(id)).length, 6, 'nor does the greedy one starve');
    });

    it('counts tokens and not requests', async () => {
      const tester = given();
      const { larges, smalls } = await queueOfTwo(tester);
      const gone: string[] = [];
      while (gone.length < 12) {
        for (const id of await tester.goes()) {
          gone.push(id);
          await tester.settle(id, tokens(larges.includes(id) ? 20_000 : 4000));
        }
        tester.now += 1000;
      }
      const firsts = gone.slice(0, 12);
      assert.equal(firsts.filter((id) => larges.includes(id)).length, 2);
      assert.equal(firsts.filter((id) => smalls.includes(id)).length, 10);
    });

    it('lets who asks for much be no further ahead than behind', async () => {
      const tester = given();
      const { larges } = await queueOfTwo(tester);
      const leads: number[] = [];
      for (let [lead, left] = [0, larges.length]; left > 0; tester.now += 1000) {
        for (const id of await tester.goes()) {
          const isLarge = larges.includes(id);
          if (isLarge) left -= 1;
          lead += isLarge ? 20_000 : -4000;
          await tester.settle(id, tokens(isLarge ? 20_000 : 4000));
        }
        leads.push(lead);
      }
      assert.ok(Math.max(...leads) <= 12_000, `ahead by ${Math.max(...leads)}`);
      assert.ok(Math.min(...leads) >= -12_000, `behind by ${-Math.min(...leads)}`);
    });

    it('gives a request that left the line before it went its place again', async () => {
      const tester = given();
      const [large, small] = [await tester.opened('large'), await tester.opened('small')];
      const whole = await tester.admitted(await tester.opened('third'), { input: 60_000 });
      let last = await tester.waiting(large, { input: 30_000 });
      await queue(tester, small, 40, { input: 3000 });
      await tester.settle(whole, tokens(60_000));
      const gone: string[] = [];
      // It is waited for in vain again and again, while the line moves on by less than half of what it takes.
      for (let seconds = 6; seconds <= 90 && !gone.includes(last); seconds += 6) {
        tester.now += 6000;
        for (const id of await tester.goes()) {
          gone.push(id);
          await tester.settle(id, tokens(id === last ? 30_000 : 3000));
        }
        if (gone.includes(last)) break;
        await tester.ledger.withdraw(last);
        last = await tester.waiting(large, { input: 30_000 });
      }
      assert.ok(gone.includes(last), `not after ${gone.length} small ones`);
    });

    it('remembers who had most also where all could go at once', async () => {
      const tester = given();
      const [heavy, light] = [await tester.opened('heavy'), await tester.opened('light')];
      await tester.settle(await tester.admitted(light, { input: 1000 }), tokens(1000));
      await tester.settle(await tester.admitted(heavy, { input: 59_000 }), tokens(59_000));
      await queue(tester, heavy, 1, { input: 4000 });
      await queue(tester, light, 1, { input: 4000 });
      tester.now += minute;
      for (const id of await tester.goes()) await tester.settle(id, tokens(4000));
      const whole = await tester.admitted(await tester.opened('third'), { input: 52_000 });
      const [after] = await queue(tester, heavy, 1, { input: 4000 });
      const [large] = await queue(tester, light, 1, { input: 12_000 });
      await tester.settle(whole, tokens(60_000));
      assert.deepEqual(await order(tester, 1000, 100), [large, after]);
    });

    it('gives a session that comes back no more than its turn', async () => {
      const tester = given();
      const [busy, back] = [await tester.opened('busy'), await tester.opened('back')];
      for (let index = 0; index < 20; index += 1) {
        await tester.settle(await tester.admitted(busy, { input: 6000 }), tokens(6000));
        tester.now += 6000;
      }
      const filler = await tester.opened('filler');
      await tester.settle(await tester.admitted(filler, { input: 60_000 }), tokens(60_000));
      const backs = await queue(tester, back, 10, { input: 6000 });
      await queue(tester, busy, 10, { input: 6000 });
      tester.now += minute;
      const half = (await order(tester, 6000, 10)).slice(0, 10);
      assert.equal(half.length, 10);
      const ofBack = half.filter((id) => backs.includes(id)).length;
      assert.ok(ofBack >= 4 && ofBack <= 6, `${ofBack} of 10`);
    });

    it('holds nobody up for a session whose requests cost nothing in the end', async () => {
      const tester = given();
      tester.plan = apiKeyPlan({ requestsPerMinute: 6, tokensPerMinute: 60_000, concurrentAgents: 8 });
      const [failing, working] = [await tester.opened('failing'), await tester.opened('working')];
      await tester.settle(await tester.admitted(working, { input: 20_000 }), tokens(20_000));
      for (let index = 0; index < 5; index += 1) await tester.settle(await tester.admitted(failing), undefined);
      await queue(tester, failing, 2);
      const waits = await tester.waiting(working, { input: 20_000 });
      let went = 0;
      for (; went < 20; went += 1) {
        tester.now += 10_000;
        const ids = await tester.goes();
        if (ids.includes(waits)) break;
        for (const id of ids) {
          await tester.settle(id, undefined);
          await tester.ask(failing);
        }
      }
      assert.ok(went < 4, `it waited for ${went} requests of the other`);
    });

    it('gives a session its place back for what was withdrawn', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      for (let times = 0; times < 5; times += 1) {
        await tester.ledger.withdraw(await tester.admitted(a, { input: 60_000 }));
      }
      await tester.settle(await tester.admitted(b, { input: 60_000 }), tokens(60_000));
      const later = await tester.waiting(b, { input: 100 });
      const first = await tester.waiting(a, { input: 60_000 });
      const gone = await order(tester, minute, 4);
      assert.deepEqual(gone, [first, later]);
    });

    it('gives a session its place back for what an engine left in line', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      await tester.settle(await tester.admitted(b, { input: 60_000 }), tokens(60_000));
      await queue(tester, a, 5, { input: 50_000, engineId: 'dead' });
      await tester.ledger.forgetEngine('dead', tester.now);
      const later = await tester.waiting(b, { input: 100 });
      const first = await tester.waiting(a, { input: 60_000 });
      assert.deepEqual(await order(tester, minute, 4), [first, later]);
    });
  });

  describe('the line of requests on a used-up day', () => {
    const given = eachWithLedger(openLedger, maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 4 }));

    it('does not put back a session for what was refused', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      await tester.settle(await tester.admitted(b, { input: 600 }), tokens(600));
      for (let times = 0; times < 3; times += 1) {
        assert.equal((await tester.ask(a, { input: 900 })).state, 'used-up');
      }
      await tester.observe({ limits: [reported('requestsPerMinute', 1, 0)] });
      const later = await tester.waiting(b, { input: 100 });
      const first = await tester.waiting(a, { input: 100 });
      assert.deepEqual(await order(tester, minute, 3), [first, later]);
    });
  });
}
