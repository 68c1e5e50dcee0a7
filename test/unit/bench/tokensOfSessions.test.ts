import assert from 'node:assert/strict';
import { tokensOfSessions } from '../../../bench/machines/tokensOfSessions.ts';
import { Tally } from '../../../bench/quota/tally.ts';
import { amountsOf } from '../../../src/core/rateLimits.ts';

describe('tokensOfSessions', () => {
  it('adds up what each session was given in the time that counts, whether it waited or not', () => {
    let now = 0;
    const tally = new Tally(() => now);
    const nothing = amountsOf(() => 0);
    const usage = { cacheCreation5mTokens: 0, cacheCreation1hTokens: 0, cacheReadTokens: 5000, outputTokens: 100 };
    const take = (atMs: number, agent: number, inputTokens: number): void => {
      now = atMs;
      const shape = { model: 'claude-opus-5-5', maxTokens: 1000, bodyBytes: 100, firstByteMs: 1, streamMs: 1 };
      tally.admitted({ ...shape, agent, usage: { ...usage, inputTokens } });
    };
    take(999, 0, 1);
    take(1000, 0, 300);
    take(2999, 0, 200);
    take(2000, 2, 50);
    take(3000, 2, 1);
    for (let second = 0; second < 3; second += 1) tally.secondPassed({ supply: nothing, level: nothing });
    assert.deepEqual(tokensOfSessions(tally, 3, 1), [700, 0, 150]);
  });
});
