import assert from 'node:assert/strict';
import { figuresOf, jainIndex, percentile } from '../../../bench/quota/figures.ts';
import { OrganisationBuckets } from '../../../bench/quota/organisationBuckets.ts';
import type { AgentRequest } from '../../../bench/quota/agentRequest.ts';
import type { Scenario } from '../../../bench/quota/scenario.ts';
import { Tally } from '../../../bench/quota/tally.ts';
import { noUsage } from '../../../src/core/usage.ts';

const limits = { requestsPerMinute: 600, tokensPerMinute: 6000 };

const scenario: Scenario = {
  name: 'test',
  title: 'test',
  groups: [{ count: 2, role: 'busy', conversations: 1, size: 1 }],
  upstream: limits,
  plan: limits,
  largestContext: 1000,
  minutes: 1,
  warmUpMinutes: 0,
  windows: 1,
};

function request(agent: number, tokens: number): AgentRequest {
  const usage = { ...noUsage, inputTokens: tokens };
  return { agent, model: 'm', maxTokens: 1, bodyBytes: 1, usage, firstByteMs: 0, streamMs: 0 };
}

describe('the figures of a simulation', () => {
  it("has Jain's index", () => {
    assert.equal(jainIndex([5, 5, 5, 5]), 1);
    assert.equal(jainIndex([1, 0, 0, 0]), 0.25);
    assert.equal(jainIndex([]), 1);
  });

  it('has percentiles', () => {
    assert.equal(percentile([1, 2, 3, 4], 0.5), 3);
    assert.equal(percentile([1, 2, 3, 4], 0.99), 4);
    assert.equal(percentile([], 0.5), 0);
  });

  it('counts only what happens while requests wait', () => {
    let now = 0;
    const tally = new Tally(() => now);
    const buckets = new OrganisationBuckets(limits, 0);
    buckets.admit(6000, 0);
    // Agent 0 waits for 10 s and agent 1 for 5 s, from the second second on; each is given 500 tokens.
    const [first, second] = [request(0, 500), request(1, 500)];
    for (now = 0; now <= 20_000; now += 1000) {
      if (now === 1000) {
        tally.wanted(first);
        tally.wanted(second);
      }
      if (now === 6000) tally.admitted(second);
      if (now === 11_000) tally.admitted(first);
      if (now > 0) tally.secondPassed({ ...buckets.second(now), level: buckets.second(0).level });
    }
    const figures = figuresOf(scenario, tally);
    // 11 seconds of 100 tokens each, of which 1000 were used.
    assert.equal(Number(figures.utilisation.toFixed(3)), 0.909);
    assert.equal(figures.waitP95Seconds, 10);
    // Agent 0 got 500 of its 750, agent 1 all of what came while it waited, which is twice its 250.
    assert.equal(Number(figures.jain.toFixed(3)), Number(jainIndex([500 / 750, 500 / 250]).toFixed(3)));
  });

  it('does not expect that what the cache might have lost is used, as far as it is left', () => {
    const utilisationOf = (level: number, firstByteMs: number): readonly number[] => {
      let now = 0;
      const tally = new Tally(() => now);
      const usage = { ...noUsage, inputTokens: 500, cacheReadTokens: 300 };
      const only = { ...request(0, 500), usage, firstByteMs };
      const supply = { requestsPerMinute: 10, tokensPerMinute: 100, inputTokensPerMinute: 0, outputTokensPerMinute: 0 };
      tally.wanted(only);
      for (now = 1000; now <= 10_000; now += 1000) {
        tally.secondPassed({ supply, level: { ...supply, tokensPerMinute: level } });
        if (now === 9000) tally.admitted(only);
      }
      const { utilisation, strictUtilisation } = figuresOf(scenario, tally);
      return [utilisation, strictUtilisation];
    };
    // It waits for 10 seconds, in which 1000 tokens come in.
    assert.deepEqual(utilisationOf(400, 2000), [500 / 700, 0.5]);
    assert.deepEqual(utilisationOf(100, 2000), [500 / 900, 0.5]);
    assert.deepEqual(utilisationOf(-50, 2000), [0.5, 0.5]);
    assert.deepEqual(utilisationOf(400, 500), [0.5, 0.5], 'the first byte was there before');
  });

  it('does not count the work of tasks that failed', () => {
    const tally = new Tally(() => 0);
    const done = request(0, 300);
    tally.wanted(done);
    tally.admitted(done);
    tally.answered(done);
    const last = request(0, 10);
    tally.wanted(last);
    tally.failed(last, 300);
    const { answeredTokens, completedTokens, failedRequests } = figuresOf(scenario, tally);
    assert.deepEqual([answeredTokens, completedTokens, failedRequests], [300, 0, 1]);
  });
});
