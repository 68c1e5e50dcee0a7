import { ValueType, type Meter } from '@opentelemetry/api';
import type { MetricSource } from '../core/metrics.ts';
import { costOf } from '../core/tokenPrices.ts';
import { allInputTokens, type Usage } from '../core/usage.ts';
import { longInputTokens } from '../core/usageSum.ts';

/** Source: OpenTelemetry semantic conventions, "Generative AI client metrics" › `gen_ai.client.token.usage`. */
const tokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
/** In seconds: from a wait that nobody notices to the longest that a request is held. */
const waitBuckets = [0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 180, 240];

/** What was used is by kind of token, none of which includes another. */
const kinds = {
  input: ({ inputTokens }) => inputTokens,
  cache_write_5m: ({ cacheCreation5mTokens }) => cacheCreation5mTokens,
  cache_write_1h: ({ cacheCreation1hTokens }) => cacheCreation1hTokens,
  cache_read: ({ cacheReadTokens }) => cacheReadTokens,
  output: ({ outputTokens }) => outputTokens,
} as const satisfies Readonly<Record<string, (usage: Usage) => number>>;

/** Counts what becomes of requests, from now on. @returns a function that ends it. */
export function recordRequests(meter: Meter, { signals, agentOf, prices }: MetricSource): () => void {
  const whole = { valueType: ValueType.INT };
  const tokenUsage = meter.createHistogram('gen_ai.client.token.usage', {
    description: 'Tokens of each request: all of the input, with what the cache took and gave, and the output.',
    unit: '{token}',
    advice: { explicitBucketBoundaries: tokenBuckets },
    ...whole,
  });
  const tokens = meter.createCounter('agent_quota.tokens', {
    description: 'Tokens that were used, by kind; none includes another.',
    unit: '{token}',
    ...whole,
  });
  const cost = meter.createCounter('agent_quota.cost', {
    description:
      'What requests cost at the API’s list prices, in US dollars. Requests without a known price are not in it.',
    unit: 'USD',
  });
  const unpriced = meter.createCounter('agent_quota.requests.unpriced', {
    description: 'Requests whose model has no known price.',
    unit: '{request}',
    ...whole,
  });
  const wait = meter.createHistogram('agent_quota.request.wait', {
    description: 'How long requests and turns waited in line until they were let go; 0 when there was room at once.',
    unit: 's',
    advice: { explicitBucketBoundaries: waitBuckets },
  });
  const refused = meter.createCounter('agent_quota.requests.refused', {
    description: 'Requests and turns that were refused because the quota was used up or the wait was too long.',
    unit: '{request}',
    ...whole,
  });
  const limited = meter.createCounter('agent_quota.upstream.limited', {
    description: 'Answers of the upstream that say that there is no room (429, 529).',
    unit: '{response}',
    ...whole,
  });
  const named = (sessionId: string): Record<string, string> => ({ 'gen_ai.agent.name': agentOf(sessionId) });
  const ends = [
    signals.booked.add((sessionId, { usage, model }) => {
      const whose = { ...named(sessionId), 'gen_ai.response.model': model ?? 'unknown' };
      const call = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.response.model': model ?? 'unknown',
      };
      tokenUsage.record(allInputTokens(usage), { ...call, 'gen_ai.token.type': 'input' });
      tokenUsage.record(usage.outputTokens, { ...call, 'gen_ai.token.type': 'output' });
      for (const [kind, count] of Object.entries(kinds)) {
        if (count(usage) > 0) tokens.add(count(usage), { ...whose, 'agent_quota.token.kind': kind });
      }
      const isLong = allInputTokens(usage) > longInputTokens;
      const { usd, unpricedRequests } = costOf({ usage, model, requests: 1, isLong, isFast: false }, prices());
      if (unpricedRequests > 0) unpriced.add(unpricedRequests, whose);
      else cost.add(usd, whose);
    }),
    signals.admitted.add((_sessionId, waitedMs) => {
      wait.record(waitedMs / 1000);
    }),
    signals.refused.add((sessionId) => {
      refused.add(1, named(sessionId));
    }),
    signals.answered.add((sessionId, status) => {
      if (status === 429 || status === 529)
        limited.add(1, { ...named(sessionId), 'http.response.status_code': status });
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
