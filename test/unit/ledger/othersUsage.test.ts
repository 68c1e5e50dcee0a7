import assert from 'node:assert/strict';
import { OthersUsage } from '../../../src/core/othersUsage.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { withRules } from '../../../src/core/priceRules.ts';
import { SharedQuotaError } from '../../../src/core/sharedQuota.ts';
import { UsageHistorian } from '../../../src/core/usageHistorian.ts';
import type { UsageSum } from '../../../src/core/usageSum.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { amountTokens } from '../../../src/shared/usageHistory.ts';
import { FakeClock, settled } from '../../fakes/fakeClock.ts';
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

  const whose = { planId: 'plan', agentId: 'a', sessionId: undefined, model: 'm', isLong: false };
  const noon = new Date(2026, 5, 20, 12).getTime();
  const day = 24 * hour;

  it('is asked for anew as often as it may have changed, and comes late without being missed', async () => {
    const asked: number[] = [];
    const sums: UsageSum[] = [];
    const ledger = {
      usageOfOthers: (_planId: string, from: number, to: number) => {
        asked.push(Math.round((to - from) / hour));
        return Promise.resolve(sums.filter(({ at }) => at >= from && at < to));
      },
    };
    const others = new OthersUsage(ledger, 'agent', new FakeClock(noon));
    assert.deepEqual(others.state, { kind: 'reading' });
    await others.sums('plan', noon);
    assert.deepEqual(others.state, { kind: 'known' });
    assert.deepEqual(asked.splice(0), [81 * 24, 8 * 24, 11, 1]);
    for (const hours of [1, 2])
      sums.push({ ...whose, at: noon - 30 * day + hours * hour, requests: 1, usage: tokens(1) });
    assert.equal((await others.sums('plan', noon + minute)).length, 0);
    assert.deepEqual(asked.splice(0), [1]);
    await others.sums('plan', noon + 5 * minute);
    assert.deepEqual(asked.splice(0), [8 * 24, 11, 1]);
    assert.deepEqual(
      (await others.sums('plan', noon + hour)).map(({ requests }) => requests),
      [2],
      'days of long ago are one sum each',
    );
    assert.deepEqual(asked.splice(0), [81 * 24, 8 * 24, 12, 1]);
    await others.sums('other plan', noon + hour);
    assert.equal(asked.splice(0).length, 4, 'nothing is known of it');
    await others.sums('other plan', noon + 12 * hour);
    assert.deepEqual(asked.splice(0), [81 * 24, 8 * 24, 0, 0], 'at midnight all days are others');
  });

  it('is in none of its parts twice, nor missing, when some cannot be read', async () => {
    const clock = new FakeClock(noon);
    const used = Array.from({ length: 100 }, (_, ago) => ({
      ...whose,
      at: noon - ago * day,
      requests: 1,
      usage: tokens(1),
    }));
    let failing = -1;
    let index = 0;
    const ledger = {
      usageOfOthers: (_planId: string, from: number, to: number) =>
        index++ % 4 === failing
          ? Promise.reject(new SharedQuotaError('away', 'It takes too long.'))
          : Promise.resolve(used.filter(({ at }) => at >= from && at < to)),
    };
    const others = new OthersUsage(ledger, 'agent', clock);
    for (const part of [-1, 0, 1, 2, 3]) {
      [failing, index] = [part, 0];
      await clock.advance(day);
      const sums = await others.sums('plan', clock.now());
      assert.equal(new Set(sums.map(({ at }) => at)).size, sums.length);
      // As of the first day, of which all could be read.
      assert.equal(sums.length, 89);
      assert.equal(others.state.kind, part === -1 ? 'known' : 'away');
    }
    const before = index;
    await others.sums('plan', clock.now());
    assert.equal(index, before, 'it is not asked again at once');
  });

  it('is not waited for long', async () => {
    const clock = new FakeClock(noon);
    const answers: (() => void)[] = [];
    const ledger = {
      usageOfOthers: (_planId: string, from: number) =>
        new Promise<UsageSum[]>((resolve) => {
          answers.push(() => {
            resolve([{ ...whose, at: from, requests: 1, usage: tokens(1) }]);
          });
        }),
    };
    const others = new OthersUsage(ledger, 'agent', clock);
    const first = others.sums('plan', noon);
    await clock.advance(1000);
    assert.deepEqual(await first, []);
    assert.deepEqual(others.state, { kind: 'reading' });
    for (let part = 0; part < 4; part += 1) {
      answers[part]?.();
      await settled();
    }
    const second = others.sums('plan', noon);
    await settled();
    assert.equal(answers.length, 5, 'what is fresh is not read again');
    await clock.advance(1000);
    assert.equal((await second).length, 4);
    assert.deepEqual(others.state, { kind: 'known' });
  });

  it('stays as it was while the shared ledger is away, and says so', async () => {
    const clock = new FakeClock(noon);
    let failure: Error | undefined;
    const ledger = {
      usageOfOthers: (_planId: string, from: number, to: number) => {
        if (failure !== undefined) return Promise.reject(failure);
        return Promise.resolve(
          from <= noon && noon < to ? [{ ...whose, at: noon, requests: 1, usage: tokens(7) }] : [],
        );
      },
    };
    const others = new OthersUsage(ledger, 'agent', clock);
    assert.equal((await others.sums('plan', noon)).length, 1);
    failure = new SharedQuotaError('away', 'It cannot be reached.');
    assert.equal((await others.sums('plan', noon + minute)).length, 1);
    assert.deepEqual(others.state, { kind: 'away', reason: 'It cannot be reached.' });
    assert.deepEqual(await others.stepped('plan', noon - hour, noon + 1, minute), []);
    await clock.advance(30_000);
    failure = new Error('a mistake of ours');
    await assert.rejects(others.sums('plan', noon), /a mistake of ours/);
    failure = undefined;
    assert.equal((await others.stepped('plan', noon - hour, noon + 1, minute)).length, 1);
    assert.deepEqual(others.state, { kind: 'known' });
  });
});
