import assert from 'node:assert/strict';
import type { UsageEntry } from '../../../src/core/ledger.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import type { Subagent } from '../../../src/core/subagent.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type OpenLedger } from './ledgerTester.ts';
import { reported } from './reports.ts';

const day = 24 * 3_600_000;

export function bookTests(openLedger: OpenLedger): void {
  describe('usage that was not asked for first', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 60_000, concurrentAgents: 4 });
    const given = eachWithLedger(openLedger, plan);

    it('counts against all limits from then on, and for the session and the day', async () => {
      const tester = given();
      tester.agents = [{ pattern: 'a', limits: { tokensPerMinute: 20_000, tokensPerDay: 30_000 } }];
      const model = 'claude-opus-4-5';
      await tester.observe({ model, limits: [reported('inputTokensPerMinute', 15_000)] });
      const [a, b] = [await tester.opened('a', { mode: 'observed' }), await tester.opened('b')];
      const usage = tokens(9000, 1000, { cacheCreation1hTokens: 1000, cacheReadTokens: 70_000 });
      tester.now += 1000;
      assert.equal(await tester.book(a, usage, 'r1', model), true);
      assert.deepEqual([await tester.used('requestsPerMinute'), await tester.used('tokensPerMinute')], [1, 11_000]);
      assert.deepEqual((await tester.view()).usedToday, usage);
      const session = await tester.session(a);
      assert.deepEqual([session.usage, session.requests, session.lastActivityAt], [usage, 1, tester.now]);
      await tester.waiting(b, { input: 6000, model });
      await tester.admitted(b, { input: 6000 });
      await tester.waiting(a, { input: 10_000 });
      tester.now += 60_000;
      assert.equal((await tester.ask(a, { input: 19_001 })).state, 'used-up', 'the agent’s day');
      await tester.run();
      assert.equal(await tester.used('requestsPerMinute'), 1 + 1 + 1, 'those that waited have gone');
    });

    it('is the subagent’s too that used it, and its session’s once', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a', { mode: 'observed' }), await tester.opened('b')];
      const entry = (requestId: string, input: number, subagent?: Subagent): UsageEntry => ({
        usage: tokens(input, 1),
        model: 'claude',
        requestId,
        ...(subagent !== undefined && { subagent }),
      });
      const first = { subagentId: 'first', parentId: undefined };
      const nested = { subagentId: 'nested', parentId: 'first' };
      const book = (session: string, what: UsageEntry): Promise<boolean> =>
        tester.ledger.book(session, what, tester.terms, tester.now);
      await book(a, entry('r1', 100));
      await book(a, entry('r2', 20, first));
      await book(a, entry('r2', 20, first));
      await book(a, entry('r3', 3, nested));
      tester.now += 500;
      await book(a, entry('r4', 30, first));
      await book(b, entry('r5', 7, { subagentId: 'first', parentId: undefined }));
      const { subagents } = await tester.view();
      assert.deepEqual(
        subagents,
        new Map([
          [
            a,
            [
              { ...first, requests: 2, usage: tokens(50, 2), lastAt: tester.now },
              { ...nested, requests: 1, usage: tokens(3, 1), lastAt: tester.now - 500 },
            ],
          ],
          [b, [{ ...first, requests: 1, usage: tokens(7, 1), lastAt: tester.now }]],
        ]),
      );
      assert.deepEqual((await tester.session(a)).usage, tokens(153, 4));
      assert.equal((await tester.session(a)).model, 'claude');
      assert.equal((await tester.session(b)).model, undefined, 'a subagent may run on another model than its session');
      await tester.ledger.endSession(a, 'released', tester.now);
      assert.deepEqual([...(await tester.view()).subagents.keys()], [b]);
    });

    it('counts once for a request id, however it is told', async () => {
      const tester = given();
      const a = await tester.opened('a', { mode: 'observed' });
      assert.equal(await tester.book(a, tokens(100), 'r1'), true);
      assert.equal(await tester.book(a, tokens(100), 'r1'), false);
      assert.equal(await tester.settle(await tester.admitted(a, { input: 5 }), tokens(100), 'r1'), false);
      assert.equal(await tester.book(a, tokens(1)), true);
      assert.equal(await tester.book(a, tokens(1)), true, 'without an id nobody can tell');
      assert.deepEqual((await tester.view()).usedToday, tokens(102));
      assert.deepEqual((await tester.session(a)).usage, tokens(102));
    });

    it('of nobody is not booked, and of an ended session is', async () => {
      const tester = given();
      assert.equal(await tester.book('nobody', tokens(100), 'r1'), false);
      const a = await tester.opened('a', { mode: 'observed' });
      await tester.ledger.endSession(a, 'process-ended', tester.now);
      const { now } = tester;
      tester.now += 500;
      assert.equal(await tester.book(a, tokens(100), 'r1'), true, 'the unknown session did not use up the id');
      const session = await tester.session(a);
      assert.deepEqual([session.state, session.usage, session.lastActivityAt], ['ended', tokens(100), now]);
    });

    it('uses up the daily tokens too', async () => {
      const tester = given();
      tester.plan = maxSubscriptionPlan({ dailyTokens: 1000 });
      const a = await tester.opened('a', { mode: 'observed' });
      await tester.book(a, tokens(900, 200), 'r1');
      assert.equal((await tester.open('b')).kind, 'used-up');
      assert.equal(await tester.used('tokensPerDay'), 1100);
    });

    it('beside the limits of a minute counts as used, each once, and holds up nobody', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.book(a, tokens(10), 'r1', 'claude');
      const entry = (requestId: string, input: number): UsageEntry => {
        return { usage: tokens(input), requestId, model: 'claude (batch)' };
      };
      const beside = (session: string, ...entries: UsageEntry[]): Promise<readonly UsageEntry[]> =>
        tester.ledger.bookBeside(session, entries, tester.terms, tester.now);
      const minute = ['tokensPerMinute', 'requestsPerMinute'] as const;
      const before = await Promise.all(minute.map((dimension) => tester.used(dimension)));
      const [one, two, three] = [entry('batch/1', 500_000), entry('batch/2', 20), entry('batch/3', 3)];
      assert.deepEqual(await beside(a, one, two, one), [one, two]);
      assert.deepEqual(await beside(a, two, three), [three]);
      assert.deepEqual(await beside('nobody', entry('batch/4', 1)), []);
      assert.deepEqual(await Promise.all(minute.map((dimension) => tester.used(dimension))), before);
      assert.deepEqual((await tester.view()).usedToday, tokens(500_033));
      const { usage, model } = await tester.session(a);
      assert.deepEqual([usage, model], [tokens(500_033), 'claude'], 'it works with the model of its requests');
      await tester.admitted(a, { input: 1000 });
    });

    it('moves its session back in line, as asking would have', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a', { mode: 'observed' }), await tester.opened('b')];
      await tester.book(a, tokens(60_000), 'r1');
      const later = await tester.waiting(a, { input: 1000 });
      const first = await tester.waiting(b, { input: 1000 });
      tester.now += 1000;
      assert.deepEqual(await tester.goes(), [first]);
      tester.now += 1000;
      assert.deepEqual(await tester.goes(), [later]);
    });
  });

  describe('what is too old', () => {
    const given = eachWithLedger(openLedger, maxSubscriptionPlan({ dailyTokens: 100_000, concurrentAgents: 4 }));

    it('is forgotten, and nothing else', async () => {
      const tester = given();
      const [old, kept, live] = [await tester.opened('old'), await tester.opened('kept'), await tester.opened('live')];
      for (const session of [old, kept, live]) await tester.book(session, tokens(10), `r of ${session}`);
      await tester.ledger.endSession(old, 'released', tester.now);
      const { now } = tester;
      tester.now += 50 * day;
      await tester.ledger.endSession(kept, 'released', tester.now);
      await tester.ledger.forgetUsageBefore(tester.now - 10 * day);
      assert.equal(await tester.ledger.sessionOfTokenHash(`hash of ${old}`), undefined);
      assert.equal((await tester.session(kept)).state, 'ended');
      assert.deepEqual((await tester.session(live)).usage, tokens(10));
      tester.now = now;
      assert.deepEqual((await tester.view()).usedToday, tokens(30), 'sums stay');
      assert.equal(await tester.book(old, tokens(5), 'late'), false);
      assert.equal(await tester.book(live, tokens(5), 'late'), true);
    });
  });
}
