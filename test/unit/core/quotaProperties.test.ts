import assert from 'node:assert/strict';
import fc from 'fast-check';
import { noLimits } from '../../../src/core/agentRules.ts';
import { allocate } from '../../../src/core/allocation.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { propertyRuns } from './propertyRuns.ts';
import { QuotaSimulation, steps, stepsWithJumps, type Step } from './quotaSimulation.ts';

const minute = 60_000;

async function simulate(given: readonly Step[]): Promise<QuotaSimulation> {
  const simulation = new QuotaSimulation();
  await simulation.start();
  for (const step of given) await simulation.step(step);
  return simulation;
}

describe('properties of the quota', () => {
  it('a strict upstream is never overdrawn, whatever comes when and however late', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const { upstream } = await simulate(given);
        assert.ok(upstream.lowest > -1e-5, `overdrawn to ${upstream.lowest}`);
      }),
      propertyRuns,
    );
  });

  it('everybody in line goes, as fast as the limits allow and never faster', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const simulation = await simulate(given);
        const count = simulation.waiting;
        const took = await simulation.finish();
        assert.equal(simulation.waiting, 0);
        // Each takes a whole bucket at most, which is there again after a minute.
        assert.ok(took <= (count + 1) * minute, `${count} requests took ${took} ms`);
        assert.ok(simulation.upstream.lowest > -1e-5);
      }),
      propertyRuns,
    );
  });

  it('what is used is what was settled, and nothing stays held', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (given) => {
        const simulation = await simulate(given);
        await simulation.finish();
        const { tester, settledInput, settledOutput } = simulation;
        const settled = tokens(settledInput, settledOutput);
        const view = await tester.view();
        assert.deepEqual(view.usedToday, settled);
        const bySession = view.sessions.map(({ usage }) => usage);
        const sum = (of: (usage: (typeof bySession)[number]) => number): number =>
          bySession.reduce((total, usage) => total + of(usage), 0);
        assert.deepEqual(
          tokens(
            sum((usage) => usage.inputTokens),
            sum((usage) => usage.outputTokens),
          ),
          settled,
        );
        assert.equal(view.activity.size, 0);
        tester.now += minute;
        const whole = (await tester.view()).status;
        assert.ok(whole.percentage < 1e-9, 'what is held would not refill');
      }),
      propertyRuns,
    );
  });

  it('a clock that jumps neither overfills the limits nor stops them', async () => {
    await fc.assert(
      fc.asyncProperty(stepsWithJumps, async (given) => {
        const simulation = await simulate(given);
        const count = simulation.waiting;
        const shown = (await simulation.tester.view()).status.limits;
        assert.ok(shown.every(({ used, limit, remaining }) => used >= 0 && remaining <= limit));
        const took = await simulation.finish();
        assert.ok(took <= (count + 2) * minute, `${count} requests took ${took} ms`);
        assert.ok(simulation.upstream.lowest > -1e-5, `overdrawn to ${simulation.upstream.lowest}`);
      }),
      propertyRuns,
    );
  });

  it('the allocations of all slots are within the plan, and each is something', () => {
    const amount = fc.integer({ min: 1, max: 10_000_000 });
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.integer({ min: 1, max: 500 }),
        fc.nat(20_000_000),
        (first, second, slots, used) => {
          const apiKey = apiKeyPlan({ requestsPerMinute: first, tokensPerMinute: second, concurrentAgents: slots });
          const { requestsPerMinute = 0, tokens: shared } = allocate(apiKey, noLimits, used);
          assert.ok(requestsPerMinute >= 1 && requestsPerMinute * slots <= Math.max(first, slots));
          assert.ok(shared >= 1 && shared * slots <= Math.max(second, slots));
          const daily = allocate(maxSubscriptionPlan({ dailyTokens: first, concurrentAgents: slots }), noLimits, used);
          assert.equal(daily.requestsPerMinute, undefined);
          assert.ok(daily.tokens >= 1 && daily.tokens * slots <= Math.max(first - used, slots));
          if (first - used >= slots) assert.ok(daily.tokens * slots > first - used - slots, 'nor is a share left over');
        },
      ),
      propertyRuns,
    );
  });
});
