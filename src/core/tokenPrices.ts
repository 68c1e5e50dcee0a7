import type { Cost } from '../shared/usageHistory.ts';
import { totalTokens, type Usage } from './usage.ts';

/** Of requests, what their price depends on beside their tokens. */
export interface PricedRequests {
  readonly model: string | undefined;
  /** Whether each had more than `longInputTokens`. */
  readonly isLong: boolean;
  readonly isFast: boolean;
}

/** What tokens cost at the API's list prices. */
export interface TokenPrices {
  /** @returns US dollars; undefined for a model without a known price. */
  costOf(usage: Usage, requests: PricedRequests): number | undefined;
}

/** The cost of some requests of one kind. @param prices undefined while they are not known. */
export function costOf(
  requests: PricedRequests & { readonly requests: number; readonly usage: Usage },
  prices: TokenPrices | undefined,
): Cost {
  if (totalTokens(requests.usage) === 0) return { usd: 0, unpricedRequests: 0 };
  const usd = prices?.costOf(requests.usage, requests);
  return usd === undefined ? { usd: 0, unpricedRequests: requests.requests } : { usd, unpricedRequests: 0 };
}
