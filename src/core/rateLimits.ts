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
  return amountsOf((dimension) => Math.max(0, a[dimension] - b[dimension]));
}

/** `a - b` in each dimension, as it is. */
export function amountsLess(a: RateAmounts, b: RateAmounts): RateAmounts {
  return amountsOf((dimension) => a[dimension] - b[dimension]);
}

/** `a + b` in each dimension. */
export function amountsSum(a: RateAmounts, b: RateAmounts): RateAmounts {
  return amountsOf((dimension) => a[dimension] + b[dimension]);
}

/** Something for each dimension. */
export function amountsOf<T>(of: (dimension: RateDimension) => T): Readonly<Record<RateDimension, T>> {
  return {
    requestsPerMinute: of('requestsPerMinute'),
    tokensPerMinute: of('tokensPerMinute'),
    inputTokensPerMinute: of('inputTokensPerMinute'),
    outputTokensPerMinute: of('outputTokensPerMinute'),
  };
}

/** The limits that settings name, or a share of them; each a whole number of at least 1. */
export function limitsOfSettings(
  settings: { readonly requestsPerMinute?: number; readonly tokensPerMinute?: number },
  share: number,
): RateLimits {
  const of = (limit: number): number => (share === 1 ? limit : Math.max(1, Math.floor(limit * share)));
  return {
    ...(settings.requestsPerMinute !== undefined && { requestsPerMinute: of(settings.requestsPerMinute) }),
    ...(settings.tokensPerMinute !== undefined && { tokensPerMinute: of(settings.tokensPerMinute) }),
  };
}

/** Of two sets of limits the smaller one in each dimension. */
export function smallerLimits(a: RateLimits, b: RateLimits): RateLimits {
  const limits: Partial<Record<RateDimension, number>> = {};
  for (const dimension of rateDimensions) {
    const smaller = Math.min(a[dimension] ?? Infinity, b[dimension] ?? Infinity);
    if (smaller !== Infinity) limits[dimension] = smaller;
  }
  return limits;
}
