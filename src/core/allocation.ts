import type { AgentLimits } from './agentRules.ts';
import type { Plan } from './plan.ts';
import type { Allocation } from './session.ts';

/**
 * What a session may count on: an equal share of the plan for each of its slots, so that all allocations together
 * never pass the plan, and never more than its agent's own limits.
 *
 *     requests/min = floor(requestsPerMinute / concurrentAgents)            (plans with such a limit)
 *     tokens       = floor(tokensPerMinute / concurrentAgents)              (ApiKey)
 *     tokens       = floor(tokens left today / concurrentAgents)            (MaxSubscription)
 *
 * each at least 1, and then the smaller of it and the agent's requests/min, tokens/min (ApiKey) or tokens/day
 * (MaxSubscription), each divided by the sessions that the agent may have at once. It is a floor, not a ceiling: what
 * others leave unused a session may use too, up to its agent's limits.
 * @param usedToday counted tokens of the plan since local midnight.
 */
export function allocate(plan: Plan, agent: AgentLimits, usedToday: number): Allocation {
  const sessions = Math.max(1, Math.min(agent.concurrentSessions ?? 1, plan.concurrentAgents));
  const share = (limit: number, agentLimit: number | undefined): number => {
    const ofPlan = Math.max(1, Math.floor(limit / plan.concurrentAgents));
    const ofAgent = Math.max(1, Math.floor((agentLimit ?? Infinity) / sessions));
    return Math.min(ofPlan, ofAgent);
  };
  if (plan.kind === 'ApiKey') {
    return {
      requestsPerMinute: share(plan.requestsPerMinute, agent.requestsPerMinute),
      tokens: share(plan.tokensPerMinute, agent.tokensPerMinute),
    };
  }
  return { tokens: share(Math.max(0, plan.dailyTokens - usedToday), agent.tokensPerDay) };
}
