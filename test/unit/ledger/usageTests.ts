import assert from 'node:assert/strict';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import type { UsageSum } from '../../../src/core/usageSum.ts';
import { addUsage, noUsage, type Usage } from '../../../src/core/usage.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type LedgerTester, type OpenLedger } from './ledgerTester.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** In the order of their words, entries of one session and step together. */
function sorted(sums: readonly UsageSum[], from: number): unknown[] {
  return sums
    .map(({ at, agentId, model, isLong, requests, usage }) => [
      (at - from) / minute,
      agentId,
      `${model ?? 'none'}${isLong ? ' long' : ''}`,
      requests,
      usage.inputTokens,
      usage.outputTokens,
    ])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

export function usageTests(openLedger: OpenLedger): void {
  describe('usage over time', () => {
    const given = eachWithLedger(openLedger, maxSubscriptionPlan({ dailyTokens: 100_000_000, concurrentAgents: 4 }));

    function sum(tester: LedgerTester, from: number, to: number, stepMs: number): Promise<readonly UsageSum[]> {
      return tester.ledger.usage(from, to, stepMs, 'session');
    }

    it('is added up by step, session and model', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const begin = tester.now;
      await tester.book(a, tokens(1, 10), 'r1', 'opus');
      tester.now += minute - 1;
      await tester.book(a, tokens(2, 20, { cacheReadTokens: 7 }), 'r2', 'opus');
      await tester.book(a, tokens(2, 20), 'r2', 'opus');
      await tester.book(a, tokens(3, 30), 'r3', 'haiku');
      await tester.book(b, tokens(4, 40), 'r4', 'opus');
      tester.now += 1;
      await tester.book(b, tokens(5, 50), 'r5', 'opus');
      await tester.book(b, tokens(1, 1, { cacheReadTokens: 200_000 }), 'r6', 'opus');
      await tester.ledger.book(b, { usage: tokens(6), model: undefined, requestId: 'r7' }, tester.terms, tester.now);
      const sums = await sum(tester, begin, begin + 2 * minute, minute);
      const byModel = [
        [0, 'a', 'haiku', 1, 3, 30],
        [0, 'a', 'opus', 2, 3, 30],
        [0, 'b', 'opus', 1, 4, 40],
        [1, 'b', 'none', 1, 6, 0],
        [1, 'b', 'opus long', 1, 1, 1],
        [1, 'b', 'opus', 1, 5, 50],
      ];
      assert.deepEqual(merged(sorted(sums, begin)), byModel);
      assert.ok(
        sums.every(({ planId, sessionId }) => planId === 'MaxSubscription' && [a, b].includes(sessionId ?? '')),
      );
      const found = sums.reduce((all, { usage }) => addUsage(all, usage), noUsage);
      assert.deepEqual(found, tokens(22, 151, { cacheReadTokens: 200_007 }));
      assert.deepEqual(await sum(tester, begin + minute + 1, begin + day, hour), [], 'nothing later');
      const byAgent = await tester.ledger.usage(begin, begin + 2 * minute, minute, 'agent');
      assert.deepEqual(merged(sorted(byAgent, begin)), byModel);
      assert.ok(byAgent.every(({ sessionId }) => sessionId === undefined));
    });

    it('is of the time asked for alone, however much there is', async () => {
      const tester = given();
      const session = await tester.opened('a');
      const begin = tester.now;
      for (let index = 0; index < 4500; index += 1) {
        await tester.book(session, tokens(1), `r${index}`, 'opus');
        tester.now += 1000;
      }
      const of = async (from: number, to: number): Promise<Usage> =>
        (await sum(tester, from, to, to - from)).reduce((all, { usage }) => addUsage(all, usage), noUsage);
      assert.equal((await of(begin - day, begin + day)).inputTokens, 4500);
      assert.equal((await of(begin + 10_000, begin + 20_000)).inputTokens, 10);
      assert.equal((await of(begin + 10_001, begin + 4_498_000)).inputTokens, 4487);
      assert.equal((await of(begin - day, begin)).inputTokens, 0);
    });

    it('is forgotten with age', async () => {
      const tester = given();
      const session = await tester.opened('a');
      const begin = tester.now;
      for (let index = 0; index < 5; index += 1) {
        await tester.book(session, tokens(1), `r${index}`, 'opus');
        tester.now += day;
      }
      assert.equal(await tester.ledger.forgetUsageBefore(begin + 2 * day), 2);
      const sums = await sum(tester, begin, tester.now, day);
      assert.deepEqual(
        sums.map(({ at }) => (at - begin) / day),
        [2, 3, 4],
      );
    });
  });
}

/** A store may tell entries of one step and session apart. */
function merged(rows: readonly unknown[]): unknown[] {
  const found = new Map<string, number[]>();
  for (const row of rows) {
    if (!Array.isArray(row)) continue;
    const key = JSON.stringify(row.slice(0, 3));
    const [requests = 0, input = 0, output = 0] = found.get(key) ?? [];
    found.set(key, [requests + Number(row[3]), input + Number(row[4]), output + Number(row[5])]);
  }
  return [...found].map(([key, numbers]): unknown => [...(JSON.parse(key) as unknown[]), ...numbers]);
}
