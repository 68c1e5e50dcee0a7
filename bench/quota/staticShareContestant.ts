import { TokenBucket } from '../../test/fakes/tokenBucket.ts';
import { claudeCodeRetries, withRetries } from './clientRetry.ts';
import type { ContestantKind } from './contestant.ts';
import { plainAttempt } from './plainAttempt.ts';
import { SharedEstimate } from './sharedEstimate.ts';

interface Share {
  readonly requests: TokenBucket;
  readonly tokens: TokenBucket;
  /** The turn of the last request in the agent's own line. */
  last: Promise<void>;
}

/**
 * Every agent has an equal part of the plan for its own, as token buckets that refill continuously, and a line before
 * them. Written here: what people do by hand when they divide their limits.
 */
export const staticShareContestant: ContestantKind = {
  name: 'equal static shares',
  start: ({ clock, random, upstream, plan, agents }) => {
    const shares = Array.from({ length: agents }, (): Share => ({
      requests: new TokenBucket(plan.requestsPerMinute / agents, clock.now()),
      tokens: new TokenBucket(plan.tokensPerMinute / agents, clock.now()),
      last: Promise.resolve(),
    }));
    const estimates = new SharedEstimate();
    const turn = async (share: Share, before: Promise<void>, expected: number): Promise<void> => {
      await before;
      for (;;) {
        const waitMs = Math.max(
          share.requests.millisecondsUntil(Math.min(1, share.requests.perMinute), clock.now()),
          share.tokens.millisecondsUntil(expected, clock.now()),
        );
        if (waitMs <= 0) break;
        await clock.sleep(waitMs);
      }
      share.requests.take(1, clock.now());
      share.tokens.take(expected, clock.now());
    };
    return Promise.resolve({
      send: async (request) => {
        const share = shares[request.agent];
        if (share === undefined) throw new Error('A request has no agent.');
        const expected = estimates.before(request);
        share.last = turn(share, share.last, expected);
        await share.last;
        const isDone = await withRetries(claudeCodeRetries, clock, random, () => plainAttempt(upstream, request));
        share.tokens.take((isDone ? estimates.after(request) : 0) - expected, clock.now());
        return isDone;
      },
      dispose: () => undefined,
    });
  },
};
