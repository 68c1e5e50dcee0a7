/** What one message used, in tokens. `inputTokens` is the uncached part only, as in the API. */
export interface MessageUsage {
  readonly inputTokens: number;
  readonly cacheCreation5mTokens: number;
  readonly cacheCreation1hTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
}

/** `usage` of a JSON answer and of `message_start`. */
export interface WireUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation: {
    readonly ephemeral_5m_input_tokens: number;
    readonly ephemeral_1h_input_tokens: number;
  };
  readonly output_tokens: number;
  readonly service_tier: 'standard';
}

/** `usage` of `message_delta`: cumulative, without the split by lifetime. */
export type WireDeltaUsage = Omit<WireUsage, 'cache_creation' | 'service_tier'>;

/** What counts towards the input limits: cache reads do not (API documentation, "Rate limits"). */
export function countedInputTokens(usage: MessageUsage): number {
  return usage.inputTokens + usage.cacheCreation5mTokens + usage.cacheCreation1hTokens;
}

export function wireUsage(usage: MessageUsage): WireUsage {
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheCreation5mTokens + usage.cacheCreation1hTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheCreation5mTokens,
      ephemeral_1h_input_tokens: usage.cacheCreation1hTokens,
    },
    output_tokens: usage.outputTokens,
    service_tier: 'standard',
  };
}

export function wireDeltaUsage(usage: MessageUsage): WireDeltaUsage {
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheCreation5mTokens + usage.cacheCreation1hTokens,
    cache_read_input_tokens: usage.cacheReadTokens,
    output_tokens: usage.outputTokens,
  };
}
