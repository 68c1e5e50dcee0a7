/**
 * Tokens as the Messages API reports them in `usage`; all are counts ≥ 0 and none includes another.
 * Source: Messages API reference, "Usage" (`input_tokens` is the uncached input after the last cache breakpoint).
 */
export interface Usage {
  /** Input tokens that were neither read from nor written to the prompt cache. */
  readonly inputTokens: number;
  /** Input tokens written to the 5-minute prompt cache. */
  readonly cacheCreation5mTokens: number;
  /** Input tokens written to the 1-hour prompt cache. */
  readonly cacheCreation1hTokens: number;
  /** Input tokens read from the prompt cache. */
  readonly cacheReadTokens: number;
  /** Tokens that the model wrote, thinking included. */
  readonly outputTokens: number;
}

/** More than any request has, but so little that sums of a great many stay exact. A greater count is none. */
export const mostTokens = 1e9;

export const noUsage: Usage = Object.freeze({
  inputTokens: 0,
  cacheCreation5mTokens: 0,
  cacheCreation1hTokens: 0,
  cacheReadTokens: 0,
  outputTokens: 0,
});

/** The sum of two usages, field by field. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cacheCreation5mTokens: a.cacheCreation5mTokens + b.cacheCreation5mTokens,
    cacheCreation1hTokens: a.cacheCreation1hTokens + b.cacheCreation1hTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    outputTokens: a.outputTokens + b.outputTokens,
  };
}

/** What each of several has used, and all of them in sum. */
export function usageOfSessions(sessions: readonly { readonly sessionId: string; readonly usage: Usage }[]): {
  readonly bySession: ReadonlyMap<string, Usage>;
  readonly total: Usage;
} {
  return {
    bySession: new Map(sessions.map(({ sessionId, usage }) => [sessionId, usage])),
    total: sessions.reduce((sum, { usage }) => addUsage(sum, usage), noUsage),
  };
}

/** Every token of a usage, cache reads included: what "tokens" means on screen. */
export function totalTokens(usage: Usage): number {
  return quotaTokens(usage) + usage.cacheReadTokens;
}

/** The whole input side, cache reads included. */
export function allInputTokens(usage: Usage): number {
  return quotaInputTokens(usage) + usage.cacheReadTokens;
}

/** The input side that counts towards a limit: uncached input and cache writes. */
export function quotaInputTokens(usage: Usage): number {
  return usage.inputTokens + usage.cacheCreation5mTokens + usage.cacheCreation1hTokens;
}

/**
 * Tokens that count towards a limit: uncached input, cache writes and output. Cache reads do not.
 * Source: API documentation, "Rate limits" › "Cache-aware ITPM".
 */
export function quotaTokens(usage: Usage): number {
  return quotaInputTokens(usage) + usage.outputTokens;
}
