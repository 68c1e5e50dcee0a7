import assert from 'node:assert/strict';
import type { PricedRequests } from '../../../src/core/tokenPrices.ts';
import type { Usage } from '../../../src/core/usage.ts';
import { listPrices } from '../../../src/prices/listPrices.ts';
import { tokens } from '../ledger/ledgerTester.ts';

const million = 1_000_000;

function price(usage: Usage, model: string, more: Partial<PricedRequests> = {}): number | undefined {
  const cost = listPrices.costOf(usage, { model, isLong: false, isFast: false, ...more });
  return cost === undefined ? undefined : Math.round(cost * 1e6) / 1e6;
}

/** Source of the prices: API documentation, "Pricing" › "Model pricing" and "Prompt caching". */
describe('list prices', () => {
  it('are those of input, output, both cache writes and cache reads', () => {
    const model = 'claude-opus-4-5-20251101';
    assert.equal(price(tokens(million), model), 5);
    assert.equal(price(tokens(0, million), model), 25);
    assert.equal(price(tokens(0, 0, { cacheCreation5mTokens: million }), model), 6.25);
    assert.equal(price(tokens(0, 0, { cacheCreation1hTokens: million }), model), 10);
    assert.equal(price(tokens(0, 0, { cacheReadTokens: million }), model), 0.5);
    const all = tokens(100, 200, { cacheCreation5mTokens: 300, cacheCreation1hTokens: 400, cacheReadTokens: 500 });
    assert.equal(price(all, model), (100 * 5 + 200 * 25 + 300 * 6.25 + 400 * 10 + 500 * 0.5) / million);
  });

  it('of long requests are those of long requests, and of many short ones are not', () => {
    assert.equal(price(tokens(10 * million, million), 'claude-sonnet-4-5'), 30 + 15);
    assert.equal(price(tokens(10 * million, million), 'claude-sonnet-4-5', { isLong: true }), 60 + 22.5);
  });

  it('hold for ids of clouds', () => {
    for (const model of [
      'us.anthropic.claude-opus-4-5-20251101-v1:0',
      'anthropic/claude-opus-4.5',
      'claude-opus-4-5@20251101',
    ])
      assert.equal(price(tokens(million), model), 5, model);
  });

  it('of other models and of the fast mode are not known, and not nothing', () => {
    for (const model of ['gpt-5', 'claude-wonder-9', '<synthetic>', ''])
      assert.equal(price(tokens(1), model), undefined);
    assert.equal(price(tokens(1), 'claude-opus-4-6', { isFast: true }), undefined);
  });
});
