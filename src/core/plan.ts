/** A Claude subscription: a day's tokens and the agents that may run at once. */
export interface MaxSubscriptionPlan {
  readonly kind: 'MaxSubscription';
  /** Tokens a local calendar day; see `quotaTokens` for what counts. */
  readonly dailyTokens: number;
  readonly concurrentAgents: number;
}

/** An API key: rates that refill continuously over 60 seconds, and the agents that may run at once. */
export interface ApiKeyPlan {
  readonly kind: 'ApiKey';
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
  readonly concurrentAgents: number;
}

/** What the user pays for. */
export type Plan = MaxSubscriptionPlan | ApiKeyPlan;

/** Thrown for a plan that could never admit anything. */
export class InvalidPlanError extends Error {
  override readonly name = 'InvalidPlanError';
}

export const maxSubscriptionDefaults = { dailyTokens: 10_000, concurrentAgents: 5 } as const;
export const apiKeyDefaults = { requestsPerMinute: 60, tokensPerMinute: 100_000, concurrentAgents: 8 } as const;

/**
 * @param limits whole numbers ≥ 1; what is left out is the default.
 * @throws InvalidPlanError
 */
export function maxSubscriptionPlan(limits: Partial<Omit<MaxSubscriptionPlan, 'kind'>> = {}): MaxSubscriptionPlan {
  return checked({ kind: 'MaxSubscription', ...maxSubscriptionDefaults, ...limits });
}

/**
 * @param limits whole numbers ≥ 1; what is left out is the default.
 * @throws InvalidPlanError
 */
export function apiKeyPlan(limits: Partial<Omit<ApiKeyPlan, 'kind'>> = {}): ApiKeyPlan {
  return checked({ kind: 'ApiKey', ...apiKeyDefaults, ...limits });
}

function checked<P extends Plan>(plan: P): P {
  for (const [name, value] of Object.entries(plan)) {
    if (typeof value === 'number' && !(Number.isSafeInteger(value) && value >= 1)) {
      throw new InvalidPlanError(`${name} is ${value}; give a whole number of at least 1.`);
    }
  }
  return plan;
}
