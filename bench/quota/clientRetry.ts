import type { RandomSource } from './randomSource.ts';
import type { SimulatedClock } from './simulatedClock.ts';

/** What became of one attempt; a 429 says when to come again. */
export type Attempt =
  { readonly kind: 'done' } | { readonly kind: 'limited'; readonly retryAfterMs: number | undefined };

/** Claude Code tries so many times more. */
export const claudeCodeRetries = 10;
/** The SDK's own default. */
export const sdkRetries = 2;

/** Claude Code gives up when it is told to wait for longer. */
const longestRetryAfterMs = 60_000;

/**
 * The retries of Claude Code and of the SDK: as `retry-after` says; without it after 0.5 s, doubled each time to 8 s at
 * most, less up to a quarter. Source: @anthropic-ai/sdk 1.13, client.ts, `retryRequest` and
 * `calculateDefaultRetryTimeoutMillis`; Claude Code 2.1.330, as seen.
 * @returns whether an attempt was answered.
 */
export async function withRetries(
  retries: number,
  clock: SimulatedClock,
  random: RandomSource,
  attempt: () => Promise<Attempt>,
): Promise<boolean> {
  for (let retry = 0; ; retry += 1) {
    const result = await attempt();
    if (result.kind === 'done') return true;
    const { retryAfterMs } = result;
    if (retry >= retries || (retryAfterMs ?? 0) > longestRetryAfterMs) return false;
    const backOff = Math.min(500 * 2 ** retry, 8000) * random.between(0.75, 1);
    await clock.sleep(retryAfterMs !== undefined && retryAfterMs > 0 ? retryAfterMs : backOff);
  }
}
