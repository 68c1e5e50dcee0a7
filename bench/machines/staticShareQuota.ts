import { setTimeout as sleep } from 'node:timers/promises';
import { quotaTokens } from '../../src/core/usage.ts';
import { TokenBucket } from '../../test/fakes/tokenBucket.ts';
import type { MachineTask } from './machineMessages.ts';
import type { MachineQuota } from './machineQuota.ts';

/**
 * Every machine has an equal part of the limits for its own: token buckets with a line before them. It is told beforehand
 * what each request takes.
 */
export function openStaticShareQuota({ limits, machines, life }: MachineTask): MachineQuota {
  const now = Date.now();
  const requests = new TokenBucket(limits.requestsPerMinute / machines, now);
  const tokens = new TokenBucket(limits.tokensPerMinute / machines, now);
  // Whoever begins again does not know what it used before.
  if (life > 0) tokens.take(tokens.perMinute, now);
  let last = Promise.resolve();
  const turn = async (before: Promise<void>, expected: number, signal: AbortSignal): Promise<void> => {
    await before;
    for (;;) {
      signal.throwIfAborted();
      const at = Date.now();
      const waitMs = Math.max(requests.millisecondsUntil(1, at), tokens.millisecondsUntil(expected, at));
      if (waitMs <= 0) break;
      await sleep(waitMs, undefined, { signal });
    }
    requests.take(1, Date.now());
    tokens.take(expected, Date.now());
  };
  return {
    admit: async ({ usage }, signal) => {
      const mine = turn(last, quotaTokens(usage), signal);
      last = mine.catch(() => undefined);
      await mine;
      return { refused: () => Promise.resolve(), answered: () => undefined, finished: () => Promise.resolve() };
    },
    measures: () => ({ admitMs: [], calls: {} }),
    close: () => Promise.resolve(),
  };
}
