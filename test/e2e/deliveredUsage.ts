import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { SharedDatabase } from '../support/sharedDatabase.ts';

const day = 24 * 3_600_000;

/** What is compared of the two counts. */
export interface CountedUsage {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
}

/** Waits until the shared ledger has all that the upstream has served, and sees that it then stays so. */
export async function deliveredUsage(database: SharedDatabase, planId: string, served: CountedUsage): Promise<void> {
  const { requests, inputTokens, outputTokens, cacheReadTokens } = served;
  const expected = { requests, inputTokens, outputTokens, cacheReadTokens };
  const deadline = Date.now() + 60_000;
  while (JSON.stringify(await sums(database, planId).catch(() => undefined)) !== JSON.stringify(expected)) {
    if (Date.now() > deadline) break;
    await pause(500);
  }
  assert.deepEqual(await sums(database, planId), expected);
  await pause(3000);
  assert.deepEqual(await sums(database, planId), expected);
}

/** Sums of the database, as the upstream counts. */
async function sums(database: SharedDatabase, planId: string): Promise<CountedUsage> {
  const quota = database.open();
  try {
    const now = Date.now();
    const found = await quota.usage(planId, now - day, now + day, 2 * day, 'session');
    const all = { requests: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0 };
    for (const { requests, usage } of found) {
      all.requests += requests;
      all.inputTokens += usage.inputTokens;
      all.outputTokens += usage.outputTokens;
      all.cacheReadTokens += usage.cacheReadTokens;
    }
    return all;
  } finally {
    await quota.close();
  }
}
