import { calcPrice } from '@pydantic/genai-prices';
import type { PricedRequests, TokenPrices } from '../core/tokenPrices.ts';
import { allInputTokens, type Usage } from '../core/usage.ts';
import { longInputTokens } from '../core/usageSum.ts';

/** Ids of clouds that resell the models have more before and behind: `us.anthropic.claude-…`, `anthropic/claude-…@date`. */
const anthropicsName = /claude-[\w.-]+/;

/** Anthropic's list prices, as of the price data that is part of this version. */
export const listPrices: TokenPrices = {
  costOf(usage: Usage, { model, isLong, isFast }: PricedRequests): number | undefined {
    const name = anthropicsName.exec(model ?? '')?.[0];
    // The data has no prices of the fast mode, which are a multiple.
    if (name === undefined || isFast) return undefined;
    // The data prices a single request by its length, and this may be the sum of many.
    const input = allInputTokens(usage);
    const scale = input === 0 ? 1 : (isLong ? 2 * longInputTokens : 1000) / input;
    const price = calcPrice(
      {
        input_tokens: input * scale,
        cache_read_tokens: usage.cacheReadTokens * scale,
        cache_write_tokens: (usage.cacheCreation5mTokens + usage.cacheCreation1hTokens) * scale,
        cache_write_1h_tokens: usage.cacheCreation1hTokens * scale,
        output_tokens: usage.outputTokens * scale,
      },
      name,
      { providerId: 'anthropic' },
    );
    return price === null ? undefined : price.total_price / scale;
  },
};
