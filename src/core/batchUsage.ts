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

/** Prices that know what batches cost less. @param prices of requests. */
export function withBatches(prices: TokenPrices): TokenPrices {
  return {
    costOf: (usage, requests) => {
      const { model } = requests;
      if (model === undefined || !isOfBatch(model)) return prices.costOf(usage, requests);
      const usd = prices.costOf(usage, { ...requests, model: model.slice(0, -batchMark.length) });
      return usd === undefined ? undefined : usd * batchDiscount;
    },
  };
}
