import { type Plan } from './plan.ts';

/** What is limited per minute, as token buckets that refill continuously over 60 seconds. */
export const rateDimensions = [
  'requestsPerMinute',
  'tokensPerMinute',
  'inputTokensPerMinute',
  'outputTokensPerMinute',
] as const;
export type RateDimension = (typeof rateDimensions)[number];

/** An amount in each dimension. */
export type RateAmounts = Readonly<Record<RateDimension, number>>;

/** The limit of each dimension that has one. */
export type RateLimits = Readonly<Partial<Record<RateDimension, number>>>;

export const nothing: RateAmounts = Object.freeze({
  requestsPerMinute: 0,
  tokensPerMinute: 0,
  inputTokensPerMinute: 0,
  outputTokensPerMinute: 0,
});

/** What a request of so many counted tokens takes from each dimension. */
export function requestCost(requests: number, inputTokens: number, outputTokens: number): RateAmounts {
  return {
    requestsPerMinute: requests,
    tokensPerMinute: inputTokens + outputTokens,
    inputTokensPerMinute: inputTokens,
    outputTokensPerMinute: outputTokens,
  };
}

/** `a - b` in each dimension, never below 0. */
export function amountsLeft(a: RateAmounts, b: RateAmounts): RateAmounts {
  return mapDimensions((dimension) => Math.max(0, a[dimension] - b[dimension]));
}

/** Builds amounts from a function of the dimension. */
export function mapDimensions(amount: (dimension: RateDimension) => number): RateAmounts {
  return {
    requestsPerMinute: amount('requestsPerMinute'),
    tokensPerMinute: amount('tokensPerMinute'),
    inputTokensPerMinute: amount('inputTokensPerMinute'),
    outputTokensPerMinute: amount('outputTokensPerMinute'),
  };
}

/** The limits that hold: the plan's own and those that the upstream reported, the smaller of the two. */
export function effectiveLimits(plan: Plan, reported: RateLimits): RateLimits {
  const own: RateLimits =
    plan.kind === 'ApiKey' ? { requestsPerMinute: plan.requestsPerMinute, tokensPerMinute: plan.tokensPerMinute } : {};
  const limits: Partial<Record<RateDimension, number>> = {};
  for (const dimension of rateDimensions) {
    const smaller = Math.min(own[dimension] ?? Infinity, reported[dimension] ?? Infinity);
    if (smaller !== Infinity) limits[dimension] = smaller;
  }
  return limits;
}
