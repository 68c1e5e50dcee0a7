import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ElsewhereSum } from '../../../src/core/elsewhereSum.ts';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { withRules } from '../../../src/core/priceRules.ts';
import { UsageHistorian } from '../../../src/core/usageHistorian.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { amountTokens, historySpans, type UsageHistory } from '../../../src/shared/usageHistory.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { LedgerTester, tokens } from '../ledger/ledgerTester.ts';
import { propertyRuns } from './propertyRuns.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const plan = maxSubscriptionPlan({ dailyTokens: 1_000_000_000, concurrentAgents: 100 });
const prices = withRules([{ pattern: 'opus', input: 5, output: 25 }], undefined);

class HistoryTester {
  readonly ledger = new LedgerTester(new TransactionalLedger(new MemoryStore()), plan);
  readonly clock = new FakeClock(this.ledger.now);
  elsewhere: ElsewhereSum[] = [];
  readonly historian = new UsageHistorian({
    ledger: this.ledger.ledger,
    elsewhere: {
      state: { kind: 'read', at: 1, files: 2, unreadableFiles: 0 },
      sums: (from) => Promise.resolve(this.elsewhere.filter(({ at }) => at >= from)),
    },
    clock: this.clock,
    prices: () => prices,
  });

  async at(ms: number): Promise<void> {
    this.ledger.now = ms;
    await this.clock.advance(ms - this.clock.now());
  }

  ask(span: UsageHistory['query']['span'], by: UsageHistory['query']['by'] = 'agent'): Promise<UsageHistory> {
    return this.historian.history({ span, by }, plan, plan.kind);
  }

  was(at: number, input: number, more: Partial<ElsewhereSum> = {}): void {
    const whose = { project: 'shop', sessionId: 'x', model: 'opus', isLong: false, isFast: false };
    this.elsewhere.push({ at, ...whose, requests: 1, usage: tokens(input), ...more });
  }
}

describe('the usage history', () => {
  it('stacks what was used by the minute, the largest first, and tells quota from elsewhere', async () => {
    const tester = new HistoryTester();
    const [a, b] = [await tester.ledger.opened('a'), await tester.ledger.opened('b')];
    const start = tester.clock.now();
    await tester.ledger.book(a, tokens(10), 'r1', 'opus');
    await tester.at(start + 5 * minute);
    await tester.ledger.book(b, tokens(100), 'r2', 'other');
    await tester.ledger.book(a, tokens(20, 0, { cacheReadTokens: 5 }), 'r3', 'opus');
    tester.was(start + 2 * minute, 7);
    tester.was(start - 2 * hour, 1000);
    const found = await tester.ask('hour');
    assert.equal(found.starts.length, 60);
    assert.equal(found.starts.at(-1), start + 5 * minute);
    assert.deepEqual(
      found.series.map(({ origin, key, tokens: steps, sum }) => [origin, key, steps.slice(-6), sum.requests]),
      [
        ['quota', 'b', [0, 0, 0, 0, 0, 100], 1],
        ['quota', 'a', [10, 0, 0, 0, 0, 25], 2],
        ['elsewhere', 'shop', [0, 0, 7, 0, 0, 0], 1],
      ],
    );
    assert.equal(amountTokens(found.totals.today.elsewhere), 1007);
    assert.equal(found.costs, 'api-equivalent');
    const byModel = await tester.ask('day', 'model');
    assert.deepEqual(
      byModel.series.map(({ origin, key }) => [origin, key]),
      [
        ['elsewhere', 'opus'],
        ['quota', 'other'],
        ['quota', 'opus'],
      ],
    );
    const bySession = await tester.ask('week', 'session');
    assert.deepEqual(
      bySession.series.map(({ key, owner }) => [key, owner]),
      [
        ['x', 'shop'],
        [b, 'b'],
        [a, 'a'],
      ],
    );
  });

  it('prices what has a price, and does not take what is unknown for free', async () => {
    const tester = new HistoryTester();
    const a = await tester.ledger.opened('a');
    const usage = tokens(1_000_000, 100_000, { cacheCreation1hTokens: 1_000_000, cacheReadTokens: 2_000_000 });
    await tester.ledger.book(a, usage, 'r1', 'opus');
    await tester.ledger.book(a, tokens(5), 'r2', 'mystery');
    const { totals } = await tester.ask('day');
    assert.deepEqual(totals.today.quota.cost, { usd: 5 + 2.5 + 10 + 1, unpricedRequests: 1 });
    assert.deepEqual(totals.today.elsewhere.cost, { usd: 0, unpricedRequests: 0 });
  });

  it('keeps other plans apart, as another account is none of this one’s', async () => {
    const tester = new HistoryTester();
    const a = await tester.ledger.opened('a');
    tester.ledger.planId = 'ApiKey-other';
    await tester.ledger.book(a, tokens(7), 'r1', 'opus');
    tester.ledger.planId = undefined;
    await tester.ledger.book(a, tokens(5), 'r2', 'opus');
    const { totals, series, days } = await tester.ask('quarter');
    assert.deepEqual([amountTokens(totals.today.quota), amountTokens(totals.today.otherPlans)], [5, 7]);
    assert.deepEqual([series.map(({ sum }) => amountTokens(sum)), days.length], [[5], 1]);
  });

  it('adds up the small ones of many', async () => {
    const tester = new HistoryTester();
    for (let index = 0; index < 30; index += 1)
      await tester.ledger.book(await tester.ledger.opened(`agent ${index}`), tokens(index + 1), `r${index}`, 'opus');
    tester.was(tester.clock.now(), 1000);
    for (let index = 0; index < 3; index += 1) tester.was(tester.clock.now(), 1, { project: `p${index}` });
    const { series } = await tester.ask('hour');
    assert.equal(series.length, 7);
    const rest = series.filter(({ key }) => key === undefined);
    assert.deepEqual(
      rest.map(({ origin, members, sum }) => [origin, members, amountTokens(sum)]),
      [
        ['quota', 26, (26 * 27) / 2],
        ['elsewhere', 3, 3],
      ],
    );
  });

  it('has the same in every span and total, whenever and however often it is asked', async () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 3 * day }),
      tokens: fc.integer({ min: 1, max: 1000 }),
      asks: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const tester = new HistoryTester();
        const session = await tester.ledger.opened('a');
        const booked: { at: number; tokens: number }[] = [];
        for (const [index, { wait, tokens: count, asks }] of steps.entries()) {
          await tester.at(tester.clock.now() + wait);
          await tester.ledger.book(session, tokens(count), `r${index}`, 'opus');
          booked.push({ at: tester.clock.now(), tokens: count });
          if (asks) await tester.ask('week');
        }
        for (const span of historySpans) {
          const { starts, series, totals, days } = await tester.ask(span);
          const since = (at: number): number =>
            booked.filter((entry) => entry.at >= at).reduce((sum, entry) => sum + entry.tokens, 0);
          const shown = series.flatMap((layer) => layer.tokens).reduce((sum, count) => sum + count, 0);
          assert.equal(shown, since(starts[0] ?? 0), span);
          const inDays = days.reduce((sum, { quota }) => sum + amountTokens(quota), 0);
          assert.equal(inDays, amountTokens(totals.ninetyDays.quota));
          const today = new Date(tester.clock.now());
          assert.equal(amountTokens(totals.today.quota), since(today.setHours(0, 0, 0, 0)));
        }
      }),
      { numRuns: Math.ceil(propertyRuns.numRuns / 10) },
    );
  });
});
