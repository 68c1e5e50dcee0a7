import * as z from 'zod';
import { type Usage } from '../core/usage.ts';

const count = z.number().int().nonnegative().nullish().catch(undefined);

/** `usage` as the Messages API sends it, whole or in part; what is not understood is as if it were not there. */
const wireUsageSchema = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  cache_creation: z
    .object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count })
    .nullish()
    .catch(undefined),
});

/**
 * The usage of one message, as its parts are reported. Counts are cumulative: a later report replaces what it carries
 * and leaves the rest. Source: API documentation, "Streaming messages".
 */
export class UsageTally {
  #reported = false;
  #input = 0;
  #output = 0;
  #cacheRead = 0;
  #cacheCreation5m = 0;
  #cacheCreation1h = 0;

  /** @param wire a `usage` value, of any shape. */
  take(wire: unknown): void {
    const parsed = wireUsageSchema.safeParse(wire);
    if (!parsed.success) return;
    const usage = parsed.data;
    this.#input = usage.input_tokens ?? this.#input;
    this.#output = usage.output_tokens ?? this.#output;
    this.#cacheRead = usage.cache_read_input_tokens ?? this.#cacheRead;
    this.#cacheCreation5m = usage.cache_creation?.ephemeral_5m_input_tokens ?? this.#cacheCreation5m;
    this.#cacheCreation1h = usage.cache_creation?.ephemeral_1h_input_tokens ?? this.#cacheCreation1h;
    this.#takeCacheCreation(usage.cache_creation_input_tokens ?? undefined);
    this.#reported = true;
  }

  /** What was reported so far; undefined when nothing was. */
  get usage(): Usage | undefined {
    if (!this.#reported) return undefined;
    return {
      inputTokens: this.#input,
      cacheCreation5mTokens: this.#cacheCreation5m,
      cacheCreation1hTokens: this.#cacheCreation1h,
      cacheReadTokens: this.#cacheRead,
      outputTokens: this.#output,
    };
  }

  /** The sum of both lifetimes, alone in `message_delta`. What it has more than their split is 5 minutes, the default. */
  #takeCacheCreation(total: number | undefined): void {
    if (total === undefined) return;
    this.#cacheCreation1h = Math.min(this.#cacheCreation1h, total);
    this.#cacheCreation5m = total - this.#cacheCreation1h;
  }
}
