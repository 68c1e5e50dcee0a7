import type { Plan } from '../../../src/core/plan.ts';
import type { QuotaTerms } from '../../../src/core/quotaTerms.ts';

/** What settings say that name the plan and leave everything else as it is by default. */
export function terms(plan: Plan, more: Partial<QuotaTerms> = {}): QuotaTerms {
  return { planId: plan.kind, plan, agents: [], dailyTokens: 'fallback', ...more };
}
