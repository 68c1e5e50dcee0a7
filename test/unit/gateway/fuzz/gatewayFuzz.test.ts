import assert from 'node:assert/strict';
import { FuzzLane } from './fuzzLane.ts';

/** 100,000 attempts in `npm run test:long`. */
const isLong = process.env['AGENT_QUOTA_LONG'] === '1';
const attempts = isLong ? 100_000 : 3000;
const lanes = 8;
/** Another one, to look for more than what is known. */
const seed = process.env['AGENT_QUOTA_FUZZ_SEED'] ?? 'agent-quota';

describe('a gateway under malformed requests and random bytes', function () {
  this.timeout(isLong ? 900_000 : 120_000);

  it(`outlives ${attempts} of them: no hang, no 5xx, and upstream exactly what is well-formed and has a token`, async () => {
    const fuzzed = await Promise.all(Array.from({ length: lanes }, () => FuzzLane.start(seed)));
    let next = 0;
    const failures: unknown[] = [];
    const startedAt = performance.now();
    const work = async (lane: FuzzLane): Promise<void> => {
      while (next < attempts && failures.length === 0) {
        const index = next;
        next += 1;
        await lane.run(index).catch((error: unknown) => {
          failures.push(error);
        });
      }
    };
    await Promise.all(fuzzed.map(work));
    if (failures.length > 0) {
      await Promise.all(fuzzed.map((lane) => lane.close()));
      throw new AggregateError(failures, String(failures[0]));
    }
    await Promise.all(fuzzed.map((lane) => lane.finish()));
    const sum = (name: 'attempts' | 'bytes' | 'clean' | 'strangers' | 'forwarded' | 'cut'): number =>
      fuzzed.reduce((total, { figures }) => total + figures[name], 0);
    const statuses = new Map<number, number>();
    for (const { figures } of fuzzed) {
      for (const [status, count] of figures.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count);
    }
    // What is looked for must be there to be seen.
    assert.equal(sum('attempts'), attempts);
    for (const name of ['clean', 'strangers', 'forwarded'] as const) assert.ok(sum(name) > attempts / 20, name);
    for (const status of [200, 400, 401, 403, 417, 429, 431]) assert.ok(statuses.has(status), String(status));
    if (isLong) {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      const answers = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
      console.log(
        `      ${sum('attempts')} connections in ${seconds} s, ${sum('bytes')} bytes; ${sum('strangers')} without a token, ` +
          `${sum('clean')} all well-formed; ${sum('forwarded')} requests upstream, ${sum('cut')} of them cut; ` +
          `answers ${answers.join(', ')} (0: none)`,
      );
    }
  });
});
