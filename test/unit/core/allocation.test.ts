import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AgentLimits } from '../../../src/core/agentRules.ts';
import { allocate } from '../../../src/core/allocation.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { propertyRuns } from './propertyRuns.ts';

const amount = fc.integer({ min: 1, max: 10_000_000 });
const slots = fc.integer({ min: 1, max: 500 });
const agents: fc.Arbitrary<AgentLimits> = fc.record(
  {
    requestsPerMinute: amount,
    tokensPerMinute: amount,
    tokensPerDay: amount,
    concurrentSessions: fc.integer({ min: 1, max: 1000 }),
    weight: fc.double({ min: 0.01, max: 100, noNaN: true }),
  },
  { requiredKeys: [] },
);

describe('an allocation', () => {
  it('is whole, and within the plan and the agent’s own limits, for all sessions that either may have', () => {
    fc.assert(
      fc.property(amount, amount, slots, agents, fc.nat(20_000_000), (first, second, count, agent, used) => {
        const apiKey = apiKeyPlan({ requestsPerMinute: first, tokensPerMinute: second, concurrentAgents: count });
        const ofAgent = Math.min(agent.concurrentSessions ?? 1, count);
        const within = (share: number, limit: number, agentLimit = Infinity): void => {
          assert.ok(Number.isSafeInteger(share) && share >= 1);
          assert.ok(share * count <= Math.max(limit, count), 'the plan');
          assert.ok(share * ofAgent <= Math.max(agentLimit, ofAgent), 'the agent');
        };
        const { requestsPerMinute = 0, tokens } = allocate(apiKey, agent, used);
        within(requestsPerMinute, first, agent.requestsPerMinute);
        within(tokens, second, agent.tokensPerMinute);
        const daily = allocate(maxSubscriptionPlan({ dailyTokens: first, concurrentAgents: count }), agent, used);
        within(daily.tokens, Math.max(0, first - used), agent.tokensPerDay);
        assert.equal(daily.requestsPerMinute, undefined);
      }),
      propertyRuns,
    );
  });

  it('is never more for an agent with limits, nor less than they allow', () => {
    fc.assert(
      fc.property(amount, slots, agents, (limit, count, agent) => {
        const plan = apiKeyPlan({ requestsPerMinute: limit, tokensPerMinute: limit, concurrentAgents: count });
        const free = allocate(plan, {}, 0);
        const bound = allocate(plan, agent, 0);
        assert.ok(bound.tokens <= free.tokens);
        if (agent.tokensPerMinute === undefined) assert.equal(bound.tokens, free.tokens);
        if (bound.tokens === free.tokens) return;
        const sessions = Math.min(agent.concurrentSessions ?? 1, count);
        assert.equal(bound.tokens, Math.max(1, Math.floor((agent.tokensPerMinute ?? 0) / sessions)));
      }),
      propertyRuns,
    );
  });

  it('of a subscription is of what is left of the day', () => {
    const plan = maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 4 });
    assert.deepEqual(allocate(plan, {}, 200), { tokens: 200 });
    assert.deepEqual(allocate(plan, { tokensPerDay: 300, concurrentSessions: 2 }, 200), { tokens: 150 });
    assert.deepEqual(allocate(plan, { tokensPerMinute: 1 }, 5000), { tokens: 1 });
  });
});
