import * as z from 'zod';
import { addUsage, mostTokens, noUsage, type Usage } from '../core/usage.ts';

const count = z.number().int().nonnegative().max(mostTokens).nullish().catch(undefined);

const countsSchema = z.object({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  cache_creation: z
    .object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count })
    .nullish()
    .catch(undefined),
});
/** What a message's own counts leave out: the summary of a context that is closed, and the advice of a second model. */
const besideSchema = countsSchema.extend({ type: z.enum(['compaction', 'advisor_message']) });
/** `usage` as the Messages API sends it, whole or in part; what is not understood is as if it were not there. */
const wireUsageSchema = countsSchema.extend({ iterations: z.array(z.unknown()).nullish().catch(undefined) });

type Counts = z.infer<typeof countsSchema>;

/**
 * The usage of one message, as its parts are reported. Counts are cumulative: a later report replaces what it carries
 * and leaves the rest. Source: API documentation, "Streaming messages"; for what `iterations` has beside the message's
 * own counts "Compaction" and "Advisor tool" (both in beta).
 */
export class UsageTally {
  #own: Usage | undefined;
  #beside = noUsage;

  /** @param wire a `usage` value, of any shape. */
  take(wire: unknown): void {
    const parsed = wireUsageSchema.safeParse(wire);
    if (!parsed.success) return;
    this.#own = updated(this.#own ?? noUsage, parsed.data);
    const { iterations } = parsed.data;
    if (iterations === undefined || iterations === null) return;
    this.#beside = iterations
      .map((iteration) => besideSchema.safeParse(iteration).data)
      .filter((iteration) => iteration !== undefined)
      .map((iteration) => updated(noUsage, iteration))
      .reduce(addUsage, noUsage);
  }

  /** What was reported so far; undefined when nothing was. */
  get usage(): Usage | undefined {
    return this.#own && addUsage(this.#own, this.#beside);
  }
}

function updated(before: Usage, counts: Counts): Usage {
  const usage = {
    inputTokens: counts.input_tokens ?? before.inputTokens,
    cacheCreation5mTokens: counts.cache_creation?.ephemeral_5m_input_tokens ?? before.cacheCreation5mTokens,
    cacheCreation1hTokens: counts.cache_creation?.ephemeral_1h_input_tokens ?? before.cacheCreation1hTokens,
    cacheReadTokens: counts.cache_read_input_tokens ?? before.cacheReadTokens,
    outputTokens: counts.output_tokens ?? before.outputTokens,
  };
  const total = counts.cache_creation_input_tokens;
  if (total === undefined || total === null) return usage;
  // The sum of both lifetimes, alone in `message_delta`. What it has more than their split is 5 minutes, the default.
  const cacheCreation1hTokens = Math.min(usage.cacheCreation1hTokens, total);
  return { ...usage, cacheCreation1hTokens, cacheCreation5mTokens: total - cacheCreation1hTokens };
}
