import { AnthropicError } from './anthropicError.ts';
import { TokenBucket } from './tokenBucket.ts';
import type { RateLimits } from './upstreamBehaviour.ts';

type LimitName = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens';

const LIMIT_WORDING: Readonly<Record<LimitName, string>> = {
  requests: 'requests per minute',
  tokens: 'tokens per minute',
  'input-tokens': 'input tokens per minute',
  'output-tokens': 'output tokens per minute',
};

/**
 * The rate limits of the one organisation, shared by all its keys. A request is admitted when every bucket holds what
 * it needs: one request, its input tokens without cache reads, and any output token at all; what it then puts out is
 * taken as it is sent, whatever `max_tokens` says (API documentation, "Rate limits").
 */
export class OrganisationLimits {
  readonly #buckets: ReadonlyMap<LimitName, TokenBucket>;
  readonly #organizationId: string;

  constructor(limits: RateLimits, organizationId: string, now: number) {
    const perMinute: readonly (readonly [LimitName, number | undefined])[] = [
      ['requests', limits.requestsPerMinute],
      ['tokens', limits.tokensPerMinute],
      ['input-tokens', limits.inputTokensPerMinute],
      ['output-tokens', limits.outputTokensPerMinute],
    ];
    this.#organizationId = organizationId;
    this.#buckets = new Map(
      perMinute.flatMap(([name, limit]) => (limit === undefined ? [] : [[name, new TokenBucket(limit, now)] as const])),
    );
  }

  /**
   * Takes one request and its input from all buckets, or nothing from any.
   *
   * @param countedInputTokens uncached input plus cache writes
   * @throws AnthropicError 429 with `retry-after` in whole seconds, rounded up
   */
  admit(countedInputTokens: number, model: string, now: number): void {
    const needs = { requests: 1, tokens: countedInputTokens, 'input-tokens': countedInputTokens, 'output-tokens': 1 };
    const exceeded = [...this.#buckets].filter(([name, bucket]) => !bucket.holds(needs[name], now));
    const first = exceeded[0];
    if (first !== undefined) {
      const waits = exceeded.map(([name, bucket]) => bucket.millisecondsUntil(needs[name], now));
      const seconds = Math.max(1, Math.ceil(Math.max(...waits) / 1000));
      throw this.#rejection(first[0], first[1].perMinute, model, seconds);
    }
    this.#buckets.get('requests')?.take(1, now);
    this.#buckets.get('tokens')?.take(countedInputTokens, now);
    this.#buckets.get('input-tokens')?.take(countedInputTokens, now);
  }

  /** Takes output as it is sent; a bucket may be overdrawn by it. */
  chargeOutput(tokens: number, now: number): void {
    this.#buckets.get('tokens')?.take(tokens, now);
    this.#buckets.get('output-tokens')?.take(tokens, now);
  }

  /** `anthropic-ratelimit-*-{limit,remaining,reset}` for each limit there is; `reset` is when its bucket is full. */
  headers(now: number): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const [name, bucket] of this.#buckets) {
      const fullAt = now + bucket.millisecondsUntil(bucket.perMinute, now);
      headers[`anthropic-ratelimit-${name}-limit`] = String(bucket.perMinute);
      headers[`anthropic-ratelimit-${name}-remaining`] = String(Math.max(0, Math.floor(bucket.level(now))));
      headers[`anthropic-ratelimit-${name}-reset`] = rfc3339(fullAt);
    }
    return headers;
  }

  /** Worded as the API words it, since clients match on it. */
  #rejection(name: LimitName, perMinute: number, model: string, retryAfterSeconds: number): AnthropicError {
    return new AnthropicError(
      'rate_limit_error',
      `This request would exceed your organization's rate limit of ${perMinute.toLocaleString('en-US')} ` +
        `${LIMIT_WORDING[name]} (org: ${this.#organizationId}, model: ${model}). For details, refer to: ` +
        'https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please ' +
        'reduce the prompt length or the maximum tokens requested, or try again later. You may also contact sales at ' +
        'https://claude.com/contact-sales to discuss your options for a rate limit increase.',
      { 'retry-after': String(retryAfterSeconds) },
    );
  }
}

/** In whole seconds, as the API sends it, rounded up so that the bucket is full by then. */
function rfc3339(milliseconds: number): string {
  return new Date(Math.ceil(milliseconds / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
