import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SharedQuota } from '../../../src/core/sharedQuota.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { FakeMachine } from './fakeMachine.ts';

const limit = 1000;
const slots = 5;
const set = { requestsPerMinute: limit, tokensPerMinute: limit, slots };

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      machine: fc.nat(3),
      needs: fc.nat(600),
      wants: fc.nat(900),
      slots: fc.nat(3),
      loses: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('use' as const),
      machine: fc.nat(3),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('return' as const),
      machine: fc.nat(3),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), machine: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(12_000) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe('what machines lease together', function () {
  this.timeout(240_000);
  let database: SharedDatabase;

  before(async () => {
    database = await SharedDatabase.make();
  });
  after(() => database.close());

  const now = async (): Promise<number> => {
    const { rows } = await database.admin.query<{ now: number }>('SELECT now FROM public.test_clock');
    return rows[0]?.now ?? NaN;
  };

  let plans = 0;

  it('is never more than the limits, whatever machines ask, use, return, lose and forget', async () => {
    const quota = database.open();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        plans += 1;
        await runSteps(quota, `plan${plans}`, steps);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  /** Beside what the database says, an upstream of its own counts what machines use. */
  async function runSteps(quota: SharedQuota, planId: string, steps: readonly Step[]): Promise<void> {
    const machines = [0, 1, 2, 3].map((index) => new FakeMachine(quota, `${planId}-${index}`, { planId, set }));
    /** Until when each machine may use its lease. */
    const ends = machines.map(() => 0);
    const upstream = { used: 0, at: await now() };
    for (const one of steps) {
      if (one.do === 'wait') {
        await database.advance(one.ms);
        continue;
      }
      const machine = machines[one.machine];
      if (machine === undefined) continue;
      const at = await now();
      if (one.do === 'forget') {
        machine.epoch = undefined;
        ends[one.machine] = 0;
        machine.granted = machine.returned = machine.held;
        machine.granted = { ...machine.consumed };
      } else if (one.do === 'ask') {
        const grant = await machine.ask(
          { tokensPerMinute: one.needs, slots: one.slots },
          { tokensPerMinute: Math.max(one.needs, one.wants), slots: one.slots },
          !one.loses,
        );
        if (!one.loses) ends[one.machine] = at + (machine.last?.durationMs ?? 0);
        assert.ok(grant.used.tokensPerMinute + grant.leased.tokensPerMinute <= limit + 1e-6, JSON.stringify(grant));
        assert.ok(grant.leased.slots <= slots, JSON.stringify(grant));
      } else {
        const amount = at < (ends[one.machine] ?? 0) ? Math.max(0, machine.room('tokensPerMinute')) * one.part : 0;
        if (one.do === 'return') machine.giveBack({ tokensPerMinute: amount });
        else {
          machine.use({ tokensPerMinute: amount });
          upstream.used = Math.max(0, upstream.used - (limit * (at - upstream.at)) / 60_000) + amount;
          upstream.at = at;
          assert.ok(upstream.used <= limit + 1e-6, `the upstream counts ${upstream.used}`);
        }
      }
    }
  }

  it('is never more than the limits when many ask at the same moment', async () => {
    const clients = Array.from({ length: 12 }, () => database.open());
    const machines = clients.flatMap((quota, index) =>
      [0, 1].map((half) => new FakeMachine(quota, `p${index}-${half}`, { planId: 'parallel', set })),
    );
    let most = 0;
    for (let round = 0; round < 6; round += 1) {
      const grants = await Promise.all(
        machines.map((machine) =>
          machine.askUntilAnswered(
            { requestsPerMinute: 1, tokensPerMinute: 70, slots: 1 },
            { requestsPerMinute: 30, tokensPerMinute: 200 },
          ),
        ),
      );
      const leased = machines.reduce((sum, machine) => sum + Math.max(0, machine.room('tokensPerMinute')), 0);
      const held = machines.reduce((sum, machine) => sum + machine.room('slots'), 0);
      const used = Math.max(...grants.map((grant) => grant.used.tokensPerMinute));
      most = Math.max(most, leased + used);
      assert.ok(leased + used <= limit + 1e-6, `${leased} leased, ${used} used`);
      assert.ok(held <= slots, `${held} slots`);
      for (const machine of machines) machine.use({ tokensPerMinute: Math.max(0, machine.room('tokensPerMinute')) });
      await Promise.all(machines.map((machine) => machine.askUntilAnswered()));
      await database.advance(5000);
    }
    // They did get most of it.
    assert.ok(most > limit * 0.9, `${most}`);
  });
});
