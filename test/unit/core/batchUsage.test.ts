import assert from 'node:assert/strict';
import { isOfBatch, modelOfBatch, pricesOf } from '../../../src/core/batchUsage.ts';
import type { PricedRequests } from '../../../src/core/tokenPrices.ts';
import { noUsage } from '../../../src/core/usage.ts';
import { listPrices } from '../../../src/prices/listPrices.ts';

const model = 'claude-sonnet-4-5-20250929';
const requests = (of: string | undefined): PricedRequests => ({ model: of, isLong: false, isFast: false });
const usage = {
  inputTokens: 1_000_000,
  cacheCreation5mTokens: 200_000,
  cacheCreation1hTokens: 100_000,
  cacheReadTokens: 3_000_000,
  outputTokens: 400_000,
};

describe('what batches cost', () => {
  it('is half of what the same tokens cost in requests, of every kind', () => {
    const prices = pricesOf([], listPrices);
    const whole = prices.costOf(usage, requests(model));
    assert.ok(whole !== undefined && whole > 0);
    assert.equal(prices.costOf(usage, requests(modelOfBatch(model))), whole / 2);
  });

  it('is half of the user’s own price too', () => {
    const prices = pricesOf([{ pattern: model, input: 4, output: 8 }], undefined);
    const million = { ...noUsage, inputTokens: 1_000_000 };
    assert.equal(prices.costOf(million, requests(model)), 4);
    assert.equal(prices.costOf(million, requests(modelOfBatch(model))), 2);
  });

  it('is the user’s own price of batches as it is, where the pattern is of their name, whatever other rules say', () => {
    const million = { ...noUsage, inputTokens: 1_000_000 };
    const requestRule = { pattern: 'claude-*', input: 4, output: 8 };
    const batchRule = { pattern: 'claude-sonnet-* (batch)', input: 3, output: 5 };
    for (const rules of [
      [requestRule, batchRule],
      [batchRule, requestRule],
    ]) {
      const prices = pricesOf(rules, undefined);
      assert.equal(prices.costOf(million, requests(modelOfBatch(model))), 3);
      assert.equal(prices.costOf(million, requests(model)), 4);
      assert.equal(prices.costOf(million, requests(modelOfBatch('claude-opus-5'))), 2, 'half of that of requests');
    }
    assert.equal(pricesOf([batchRule], undefined).costOf(million, requests(model)), undefined, 'not of requests');
  });

  it('is not known for a model whose price is not, and is never zero then', () => {
    const prices = pricesOf([], listPrices);
    for (const unknown of [modelOfBatch('of-the-future'), 'of-the-future', undefined]) {
      assert.equal(prices.costOf(usage, requests(unknown)), undefined);
    }
  });

  it('is told apart by the name that a batch is booked under', () => {
    assert.deepEqual([isOfBatch(modelOfBatch(model)), isOfBatch(model)], [true, false]);
  });
});
