import { type Plan } from './plan.ts';
import { type Allocation } from './session.ts';

/**
 * What a session may count on: an equal share of the plan for each of its slots, so that all allocations together
 * never pass the plan (unless it has less than one for each slot).
 *
 *     requests/min = floor(requestsPerMinute / concurrentAgents)            (plans with such a limit)
 *     tokens       = floor(tokensPerMinute / concurrentAgents)              (ApiKey)
 *     tokens       = floor(tokens left today / concurrentAgents)            (MaxSubscription)
 *
 * each at least 1. It is a floor, not a ceiling: what others leave unused a session may use too.
 * @param usedToday counted tokens of the plan since local midnight.
 */
export function allocate(plan: Plan, usedToday: number): Allocation {
  const share = (limit: number): number => Math.max(1, Math.floor(limit / plan.concurrentAgents));
  if (plan.kind === 'ApiKey') {
    return { requestsPerMinute: share(plan.requestsPerMinute), tokens: share(plan.tokensPerMinute) };
  }
  return { tokens: share(Math.max(0, plan.dailyTokens - usedToday)) };
}
