import assert from 'node:assert/strict';
import { OthersUsage } from '../../../src/core/othersUsage.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { withRules } from '../../../src/core/priceRules.ts';
import { SharedQuotaError } from '../../../src/core/sharedQuota.ts';
import { UsageHistorian } from '../../../src/core/usageHistorian.ts';
import { type UsageSum } from '../../../src/core/usageSum.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { amountTokens } from '../../../src/shared/usageHistory.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { tokens } from './ledgerTester.ts';
import { TwoMachines } from './twoMachines.ts';

const plan = apiKeyPlan();
const minute = 60_000;
const hour = 60 * minute;
const noElsewhere = { state: { kind: 'off' } as const, sums: () => Promise.resolve([]) };

describe('what other machines used', () => {
  it('is told beside what this one did, by the minute and by the day, agents and models', async () => {
    const machines = new TwoMachines(plan, plan);
    const { here, there, clock } = machines;
    const [a, b] = [await here.opened('mine'), await there.opened('theirs')];
    await machines.look();
    await here.book(a, tokens(10, 1), 'r1', 'opus');
    await there.book(b, tokens(200, 20), 'r2', 'opus');
    await there.book(b, tokens(4, 0), 'r3', 'haiku');
    await machines.look();
    const historian = new UsageHistorian({
      ledger: here.ledger,
      elsewhere: noElsewhere,
      clock,
      prices: () => withRules([], undefined),
    });
    for (const span of ['hour', 'day', 'week', 'quarter'] as const) {
      const history = await historian.history({ span, by: 'agent' }, plan, plan.kind);
      assert.deepEqual(
        history.series.map(({ origin, key, sum }) => [origin, key, amountTokens(sum)]),
        [
          ['machines', 'theirs', 224],
          ['quota', 'mine', 11],
        ],
        span,
      );
      assert.deepEqual(history.otherMachines, { kind: 'known' });
      const { today, ninetyDays } = history.totals;
      for (const total of [today, ninetyDays]) {
        assert.deepEqual([amountTokens(total.quota), amountTokens(total.machines)], [11, 224]);
      }
      assert.deepEqual(
        history.days.map((day) => amountTokens(day.machines)),
        [224],
      );
    }
    const byModel = await historian.history({ span: 'day', by: 'model' }, plan, plan.kind);
    assert.deepEqual(
      byModel.series.map(({ origin, key, sum }) => [origin, key, sum.requests]),
      [
        ['machines', 'opus', 1],
        ['quota', 'opus', 1],
        ['machines', 'haiku', 1],
      ],
    );
    const bySession = await historian.history({ span: 'day', by: 'session' }, plan, plan.kind);
    assert.deepEqual(
      bySession.series.map(({ key, owner }) => [key, owner]),
      [
        [b, 'theirs'],
        [a, 'mine'],
      ],
    );
    await machines.close();
  });

  it('is nothing where no machine shares the quota', async () => {
    const clock = new FakeClock();
    const ledger = new TransactionalLedger(new MemoryStore());
    const historian = new UsageHistorian({
      ledger,
      elsewhere: noElsewhere,
      clock,
      prices: () => withRules([], undefined),
    });
    const history = await historian.history({ span: 'hour', by: 'agent' }, plan, plan.kind);
    assert.deepEqual([history.otherMachines, history.series], [{ kind: 'none' }, []]);
  });

  it('is asked for anew as often as it may have changed, and comes late without being missed', async () => {
    const asked: number[] = [];
    const sums: UsageSum[] = [];
    const ledger = {
      usageOfOthers: (_planId: string, from: number, to: number) => {
        asked.push(Math.round((to - from) / hour / 24));
        return Promise.resolve(sums.filter(({ at }) => at >= from && at < to));
      },
    };
    const others = new OthersUsage(ledger, 'agent');
    const noon = new Date(2026, 5, 20, 12).getTime();
    await others.sums('plan', noon);
    assert.deepEqual(asked.splice(0), [81, 8, 1]);
    const whose = { planId: 'plan', agentId: 'a', sessionId: undefined, model: 'm', isLong: false };
    sums.push({ ...whose, at: noon - 30 * 24 * hour, requests: 1, usage: tokens(1) });
    assert.equal((await others.sums('plan', noon + minute)).length, 0);
    assert.deepEqual(asked.splice(0), [1]);
    await others.sums('plan', noon + 5 * minute);
    assert.deepEqual(asked.splice(0), [8, 1]);
    assert.equal((await others.sums('plan', noon + hour)).length, 1);
    assert.deepEqual(asked.splice(0), [81, 8, 1]);
    assert.equal((await others.sums('other plan', noon + hour)).length, 1);
    assert.deepEqual(asked.splice(0), [81, 8, 1]);
    await others.sums('other plan', noon + 12 * hour);
    assert.deepEqual(asked.splice(0), [81, 8, 0], 'at midnight all days are others');
  });

  it('stays as it was while the shared ledger is away, and says so', async () => {
    const whose = { planId: 'plan', agentId: 'a', sessionId: undefined, model: 'm', isLong: false };
    const now = Date.now();
    let failure: Error | undefined;
    const ledger = {
      usageOfOthers: (_planId: string, from: number, to: number) => {
        if (failure !== undefined) return Promise.reject(failure);
        return Promise.resolve(from <= now && now < to ? [{ ...whose, at: now, requests: 1, usage: tokens(7) }] : []);
      },
    };
    const others = new OthersUsage(ledger, 'agent');
    assert.equal((await others.sums('plan', now)).length, 1);
    failure = new SharedQuotaError('away', 'It cannot be reached.');
    assert.equal((await others.sums('plan', now + minute)).length, 1);
    assert.deepEqual(others.state, { kind: 'away', reason: 'It cannot be reached.' });
    assert.deepEqual(await others.stepped('plan', now - hour, now + 1, minute), []);
    failure = new Error('a mistake of ours');
    await assert.rejects(others.sums('plan', now), /a mistake of ours/);
  });
});
