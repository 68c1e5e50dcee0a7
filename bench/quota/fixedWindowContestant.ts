import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible';
import { claudeCodeRetries, withRetries } from './clientRetry.ts';
import type { ContestantKind } from './contestant.ts';
import { plainAttempt } from './plainAttempt.ts';
import { SharedEstimate } from './sharedEstimate.ts';

const key = 'limiter';

/**
 * `rate-limiter-flexible`: windows of a minute for requests and for tokens, with its own queue before each, shared by
 * all agents; the difference between estimate and use is given back or taken afterwards.
 */
export const fixedWindowContestant: ContestantKind = {
  name: 'rate-limiter-flexible',
  start: ({ clock, random, upstream, plan }) => {
    const requests = new RateLimiterMemory({ points: plan.requestsPerMinute, duration: 60, keyPrefix: 'requests' });
    const tokens = new RateLimiterMemory({ points: plan.tokensPerMinute, duration: 60, keyPrefix: 'tokens' });
    const requestQueue = new RateLimiterQueue(requests);
    const tokenQueue = new RateLimiterQueue(tokens);
    const estimates = new SharedEstimate();
    return Promise.resolve({
      send: async (request) => {
        const expected = Math.min(estimates.before(request), plan.tokensPerMinute);
        await tokenQueue.removeTokens(expected, key);
        await requestQueue.removeTokens(1, key);
        const isDone = await withRetries(claudeCodeRetries, clock, random, () => plainAttempt(upstream, request));
        const difference = (isDone ? estimates.after(request) : 0) - expected;
        if (difference > 0) await tokens.penalty(key, difference);
        else if (difference < 0) await tokens.reward(key, -difference);
        return isDone;
      },
      dispose: () => undefined,
    });
  },
};
