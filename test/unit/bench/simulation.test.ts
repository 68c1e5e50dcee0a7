import assert from 'node:assert/strict';
import { claudeCodeAlone } from '../../../bench/quota/aloneContestant.ts';
import { contestants } from '../../../bench/quota/contestants.ts';
import { Conversation } from '../../../bench/quota/conversation.ts';
import { RandomSource } from '../../../bench/quota/randomSource.ts';
import type { Scenario } from '../../../bench/quota/scenario.ts';
import { simulate } from '../../../bench/quota/simulation.ts';
import { quotaInputTokens } from '../../../src/core/usage.ts';

const limits = { requestsPerMinute: 60, tokensPerMinute: 60_000 };

const scenario: Scenario = {
  name: 'test',
  title: 'test',
  groups: [{ count: 6, role: 'busy', conversations: 2, size: 1 }],
  upstream: limits,
  plan: limits,
  largestContext: 25_000,
  minutes: 6,
  warmUpMinutes: 1,
  windows: 2,
};

describe('the quota simulation', () => {
  for (const contestant of contestants) {
    it(`uses the limit with ${contestant.name}, and gives the same figures each time`, async () => {
      const figures = await simulate(scenario, contestant);
      assert.deepEqual(await simulate(scenario, contestant), figures);
      assert.ok(figures.answeredTokens > 0.25 * limits.tokensPerMinute * scenario.minutes, JSON.stringify(figures));
      // A full bucket at the start, what comes in, and output that may overdraw it.
      assert.ok(figures.answeredTokens < 1.1 * limits.tokensPerMinute * (scenario.minutes + 1));
    });
  }

  it('refuses what is too much at once', async () => {
    const { upstream429 } = await simulate(scenario, claudeCodeAlone);
    assert.ok(upstream429 > 100);
  });

  it('makes conversations whose requests send all that came before', () => {
    const conversation = new Conversation(0, new RandomSource('test'), {
      size: 1,
      largestContext: 50_000,
      answers: undefined,
    });
    let context = 0;
    let resets = 0;
    for (let count = 0; count < 2000; count += 1) {
      const { usage, bodyBytes } = conversation.next();
      assert.equal((quotaInputTokens(usage) + usage.cacheReadTokens) * 4, bodyBytes);
      assert.ok(bodyBytes <= 4 * 60_000);
      if (bodyBytes < context) resets += 1;
      context = bodyBytes;
    }
    assert.ok(resets > 10 && resets < 400, `${resets}`);
  });
});
