import { setImmediate as others } from 'node:timers/promises';
import { addUsage } from '../core/usage.ts';
import type { UsageSum } from '../core/usageSum.ts';
import type { LedgerStore, UsageRange } from './ledgerStore.ts';

/** Entries that are added up at once: a few milliseconds, in which nothing else is done. */
const entriesAtOnce = 1000;

/** Adds up what was used in a time. It reads a little at a time, so that requests go in between. */
export async function usageSums(store: LedgerStore, range: UsageRange): Promise<UsageSum[]> {
  const { from, to } = range;
  const [first, end] = await store.read(() => [store.usagePosition(from), store.usagePosition(to)] as const);
  const sums = new Map<string, UsageSum>();
  for (let position = first; position < end; position += entriesAtOnce) {
    if (position > first) await others();
    const until = Math.min(end, position + entriesAtOnce);
    for (const sum of await store.read(() => store.usageSums(position, until, range))) {
      const { requests, usage, ...whose } = sum;
      const key = JSON.stringify(whose);
      const known = sums.get(key);
      const added =
        known === undefined
          ? sum
          : { ...whose, requests: known.requests + requests, usage: addUsage(known.usage, usage) };
      sums.set(key, added);
    }
  }
  return [...sums.values()];
}
