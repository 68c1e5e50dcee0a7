import assert from 'node:assert/strict';
import { noLeaseAmounts } from '../../../src/core/lease.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { nothing } from '../../../src/core/rateLimits.ts';
import { scopeLease } from '../../../src/ledger/sharedRowSchemas.ts';
import { tokens } from './ledgerTester.ts';
import { TwoMachines } from './twoMachines.ts';

describe('limits that machines share, as shown', () => {
  let machines: TwoMachines | undefined;
  const given = (...parts: ConstructorParameters<typeof TwoMachines>): TwoMachines =>
    (machines = new TwoMachines(...parts));
  afterEach(async () => {
    await machines?.close();
    machines = undefined;
  });

  it('count the slots of all machines against those that there are for all', async () => {
    const { here, there } = given(apiKeyPlan({ concurrentAgents: 3 }), apiKeyPlan({ concurrentAgents: 20 }), {
      slots: 20,
    });
    for (const agent of ['a', 'b']) await here.opened(agent);
    for (let count = 0; count < 9; count += 1) await there.opened(`other-${count}`);
    await machines?.look();
    const slots = await here.limit('slots');
    assert.deepEqual([slots.used, slots.limit, slots.own], [11, 20, { used: 2, limit: 3 }]);
    assert.ok(Math.abs(slots.percentage - (2 / 3) * 100) < 1e-9, `${slots.percentage} is nearer to a wait`);
    assert.equal(slots.remaining, 1);
    assert.deepEqual((await there.limit('slots')).own, { used: 9 });
    assert.equal(Math.round((await there.limit('slots')).percentage), 55);
    await here.opened('c');
    assert.equal((await here.open('d')).kind, 'no-slot');
    assert.equal((await here.limit('slots')).percentage, 100, 'agents of this machine wait');
  });

  it('count the rates of all machines against the limit of all, and a smaller one of its own against its own', async () => {
    const { here, there } = given(apiKeyPlan({ tokensPerMinute: 2000 }), apiKeyPlan({ tokensPerMinute: 9000 }), {
      tokensPerMinute: 9000,
    });
    const a = await here.opened('a');
    const b = await there.opened('b');
    await machines?.look();
    const mine = await here.admitted(a, { input: 1500 });
    await there.admitted(b, { input: 6000 });
    await machines?.look();
    const shown = await here.limit('tokensPerMinute');
    assert.deepEqual([shown.limit, shown.own], [9000, { used: 1500, limit: 2000 }]);
    assert.ok(shown.used >= 7500 && shown.used <= 9000, `${shown.used}`);
    assert.equal(shown.percentage, Math.max(75, (shown.used / 9000) * 100));
    const whole = await there.limit('tokensPerMinute');
    assert.deepEqual([whole.limit, whole.own], [9000, { used: 6000 }]);
    await here.settle(mine, tokens(1500));
    await here.waiting(a, { input: 1500 });
  });

  it('are a smaller one of all against the use of all', async () => {
    const { here, there } = given(apiKeyPlan({ concurrentAgents: 20 }), apiKeyPlan({ concurrentAgents: 20 }), {
      slots: 5,
    });
    await here.opened('a');
    await there.opened('b');
    await machines?.look();
    const { used, limit, own, percentage } = await here.limit('slots');
    assert.deepEqual([used, limit, own, percentage], [2, 5, { used: 1 }, 40]);
  });

  it('are this machine’s alone while no other uses any', async () => {
    const plan = apiKeyPlan({ concurrentAgents: 4 });
    const { here } = given(plan, plan);
    await here.opened('a');
    await machines?.look();
    for (const { own } of (await here.view()).status.limits) assert.equal(own, undefined);
  });

  it('bound a day’s tokens of this machine by its own settings, and those of all by the limit of all', async () => {
    const { here, there } = given(
      maxSubscriptionPlan({ dailyTokens: 1000 }),
      maxSubscriptionPlan({ dailyTokens: 8000 }),
      { tokensPerDay: 8000 },
    );
    const a = await here.opened('a');
    const b = await there.opened('b');
    await there.settle(await there.admitted(b, { input: 5000 }), tokens(5000));
    await here.settle(await here.admitted(a, { input: 200 }), tokens(200));
    await machines?.look();
    const day = await here.limit('tokensPerDay');
    assert.deepEqual([day.used, day.limit, day.own, day.percentage], [5200, 8000, { used: 200, limit: 1000 }, 65]);
    // The other machine gives back first what it has leased ahead.
    const { id, state } = await here.ask(a, { input: 700 });
    if (state === 'waiting') await machines?.look();
    assert.deepEqual(state === 'waiting' ? await here.goes() : [id], [id]);
    await here.settle(id, tokens(700));
    assert.equal((await here.limit('tokensPerDay')).percentage, 90);
    assert.equal((await here.limit('tokensPerDay')).remaining, 100);
    assert.equal((await here.ask(a, { input: 200 })).state, 'used-up', 'its own day is used up');
    const again = await here.open('c');
    assert.equal(again.kind === 'opened' ? again.allocation.tokens : 0, Math.floor(100 / here.plan.concurrentAgents));
  });

  it('are those of all while the shared ledger is away, and this machine’s fair share its own bound', async () => {
    const plan = apiKeyPlan({ tokensPerMinute: 6000 });
    const { here, there } = given(plan, plan);
    const a = await here.opened('a');
    const b = await there.opened('b');
    await here.admitted(a, { input: 500 });
    await there.admitted(b, { input: 2000 });
    await machines?.look();
    await machines?.loseDatabase();
    const { limit, own, percentage, used } = await here.limit('tokensPerMinute');
    assert.equal(limit, 6000);
    assert.ok(own?.limit !== undefined && own.limit < 6000 && own.used === 500, JSON.stringify(own));
    assert.equal(percentage, Math.max(used / 6000, 500 / own.limit) * 100);
  });

  it('let a machine go on with its fair share while the shared ledger is away, on models that are new to it too', async () => {
    const plan = apiKeyPlan({ tokensPerMinute: 6000 });
    const { here } = given(plan, plan);
    const a = await here.opened('a');
    await machines?.look();
    await machines?.loseDatabase();
    await here.admitted(a, { input: 100, model: 'claude-new' });
    await here.admitted(a, { input: 100, model: 'claude-other' });
    const { own } = await here.limit('tokensPerMinute');
    assert.ok(own?.limit !== undefined && own.limit < 6000);
    assert.equal((await here.ask(a, { input: own.limit - 100, model: 'claude-third' })).state, 'waiting');
  });

  it('leave a machine no more than its part of a limit that it first meets while the shared ledger is away', async () => {
    const agents = [{ pattern: 'bounded', limits: { tokensPerMinute: 1000 } }];
    const plan = apiKeyPlan({ tokensPerMinute: 6000 });
    const { here, there } = given(plan, plan);
    for (const tester of [here, there]) tester.agents = agents;
    await there.admitted(await there.opened('b'), { input: 2000 });
    const bounded = await here.opened('bounded');
    await machines?.look();
    await machines?.loseDatabase();
    await here.admitted(bounded, { input: 450 });
    assert.equal((await here.ask(bounded, { input: 450 })).state, 'waiting');
  });

  it('are read from rows of before they were kept', () => {
    const grant = {
      epoch: 1,
      dayKey: '2026-01-15',
      granted: noLeaseAmounts,
      returned: noLeaseAmounts,
      limits: {},
      fairShare: noLeaseAmounts,
      usedByOthers: noLeaseAmounts,
      leasedByOthers: noLeaseAmounts,
      grantedAt: 0,
      told: nothing,
      unmet: false,
      pace: nothing,
      pacedAt: 0,
      paced: nothing,
      low: nothing,
    };
    for (const row of [{ ...grant }, { ...grant, larger: { slots: 20 } }]) {
      assert.deepEqual(scopeLease.parse({ consumed: nothing, grant: row }), { consumed: nothing, grant: row });
    }
  });
});
