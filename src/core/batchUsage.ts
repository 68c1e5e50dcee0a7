import { type PriceRule, withRules } from './priceRules.ts';
import type { TokenPrices } from './tokenPrices.ts';

/** Behind a model's id in what is booked, since batches are to be told apart from requests: they cost less. */
const batchMark = ' (batch)';
/** Of the list price, for tokens of any kind. Source: API documentation, "Batch processing" › "Pricing". */
const batchDiscount = 0.5;

/** Whether what was booked under a model's name is of a batch. */
export function isOfBatch(model: string): boolean {
  return model.endsWith(batchMark);
}

/** The name under which a model's messages of batches are booked. */
export function modelOfBatch(model: string): string {
  return model + batchMark;
}

/**
 * The user's rules, and prices of the lists. Rules whose pattern ends as the name of a batch are of batches, and hold as they
 * are; all others are of requests, and batches cost less by them.
 */
export function pricesOf(rules: readonly PriceRule[], others: TokenPrices | undefined): TokenPrices {
  const ofBatches = rules.filter(({ pattern }) => isOfBatch(pattern));
  const ofRequests = rules.filter(({ pattern }) => !isOfBatch(pattern));
  return withRules(ofBatches, withBatches(withRules(ofRequests, others)));
}

/** Prices that know what batches cost less. @param prices of requests. */
function withBatches(prices: TokenPrices): TokenPrices {
  return {
    costOf: (usage, requests) => {
      const { model } = requests;
      if (model === undefined || !isOfBatch(model)) return prices.costOf(usage, requests);
      const usd = prices.costOf(usage, { ...requests, model: model.slice(0, -batchMark.length) });
      return usd === undefined ? undefined : usd * batchDiscount;
    },
  };
}
