import type { Credentials } from '../core/credentials.ts';
import { apiKeyPlan, maxSubscriptionPlan, type Plan } from '../core/plan.ts';
import type { Settings } from './settings.ts';

/** The plan that holds: the one the user chose, or the one that goes with the credentials. */
export function planOf(settings: Settings, credentials: Credentials): Plan {
  const automatic = credentials.kind === 'subscription' ? 'MaxSubscription' : 'ApiKey';
  const kind = settings.plan === 'auto' ? automatic : settings.plan;
  return kind === 'MaxSubscription' ? maxSubscriptionPlan(settings.maxSubscription) : apiKeyPlan(settings.apiKey);
}
