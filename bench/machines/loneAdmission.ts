import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { installSchema } from '../../src/postgres/installSchema.ts';
import type { PostgresServer } from '../../test/support/postgresServer.ts';
import { DelayingProxy } from './delayingProxy.ts';
import { openLeasedQuota } from './leasedQuota.ts';

const agents = 20;
/** Between two requests of an agent, on average: the machine has some 500 a second, and is never at its end. */
const pauseMs = 40;
const warmUpMs = 10_000;
const measuredMs = 10_000;
const rounds = 3;
/** Above what is asked for: this measures what an admission costs, not how long one waits. */
const limits = { requestsPerMinute: 120_000, tokensPerMinute: 1_000_000_000 };
const usage = {
  inputTokens: 500,
  cacheCreation5mTokens: 0,
  cacheCreation1hTokens: 0,
  cacheReadTokens: 20_000,
  outputTokens: 300,
};

/**
 * What an admission from a lease costs a machine that has its processor for itself.
 * @param delayMs to the database, each way.
 * @returns how long each took, in milliseconds, round by round.
 */
export async function loneAdmission(server: PostgresServer, delayMs: number): Promise<(readonly number[])[]> {
  const database = new URL(await server.createDatabase());
  const client = new pg.Client({ connectionString: database.href });
  await client.connect();
  await installSchema(client);
  await client.end();
  const proxy = await DelayingProxy.start(server.port, delayMs);
  database.port = String(proxy.port);
  const directory = await mkdtemp(join(tmpdir(), 'agent quota alone '));
  const task = { sharing: 'leased', machine: 0, machines: 1, life: 0, agents } as const;
  const quota = await openLeasedQuota({ ...task, address: database.href, directory, limits });
  try {
    let isOver = false;
    const lives = Array.from({ length: agents }, async (_, agent) => {
      const request = { agent, model: 'claude-opus-4-5', maxTokens: 1000, bodyBytes: 80_000, usage };
      for (let count = 0; !isOver; count += 1) {
        const held = await quota.admit({ ...request, firstByteMs: 0, streamMs: 0 }, new AbortController().signal);
        await held.finished(`alone-${agent}-${count}`);
        await pause();
      }
    });
    const over = Promise.all(lives);
    // Told when it is waited for.
    over.catch(() => undefined);
    await sleep(warmUpMs);
    quota.measures();
    const measured: (readonly number[])[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await sleep(measuredMs);
      measured.push(quota.measures().admitMs);
    }
    isOver = true;
    await over;
    return measured;
  } finally {
    await quota.close();
    await proxy.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * How long something takes on this machine that has no more to do than an admission, at the same pace: what of its
 * slowest is the machine's own.
 * @param workMs what it takes as a rule, in milliseconds.
 * @returns how long each took, in milliseconds.
 */
export async function bareWork(workMs: number): Promise<readonly number[]> {
  const block = Buffer.alloc(1024);
  const hash = (times: number): void => {
    for (let count = 0; count < times; count += 1) createHash('sha256').update(block).digest();
  };
  const trial = 20_000;
  hash(trial);
  const begun = performance.now();
  hash(trial);
  const times = Math.max(1, Math.round((trial * workMs) / (performance.now() - begun)));
  const end = performance.now() + measuredMs;
  const took: number[] = [];
  const lives = Array.from({ length: agents }, async () => {
    while (performance.now() < end) {
      const from = performance.now();
      await new Promise((resolve) => setImmediate(resolve));
      hash(times);
      took.push(performance.now() - from);
      await pause();
    }
  });
  await Promise.all(lives);
  return took;
}

function pause(): Promise<void> {
  return sleep(2 * pauseMs * Math.random());
}
