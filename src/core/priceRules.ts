import { matchesPattern } from './namePattern.ts';
import type { TokenPrices } from './tokenPrices.ts';

/** The user's word on what models cost, in US dollars for a million tokens. */
export interface PriceRule {
  /** Of model ids, with `*` for any characters and `?` for one. */
  readonly pattern: string;
  readonly input: number;
  readonly output: number;
  /** 1.25 times the input when left out. Source of these three: API documentation, "Prompt caching" › "Pricing". */
  readonly cacheWrite5m?: number;
  /** Twice the input when left out. */
  readonly cacheWrite1h?: number;
  /** A tenth of the input when left out. */
  readonly cacheRead?: number;
}

const million = 1_000_000;

/** Prices by the first rule that matches, or else by others. */
export function withRules(rules: readonly PriceRule[], others: TokenPrices | undefined): TokenPrices {
  return {
    costOf: (usage, requests) => {
      const rule = rules.find(({ pattern }) => matchesPattern(pattern, requests.model ?? ''));
      if (rule === undefined) return others?.costOf(usage, requests);
      const { input, output, cacheWrite5m = 1.25 * input, cacheWrite1h = 2 * input, cacheRead = 0.1 * input } = rule;
      return (
        (usage.inputTokens * input +
          usage.cacheCreation5mTokens * cacheWrite5m +
          usage.cacheCreation1hTokens * cacheWrite1h +
          usage.cacheReadTokens * cacheRead +
          usage.outputTokens * output) /
        million
      );
    },
  };
}
