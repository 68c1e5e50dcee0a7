import Bottleneck from 'bottleneck';
import { claudeCodeRetries, withRetries } from './clientRetry.ts';
import type { ContestantKind } from './contestant.ts';
import { plainAttempt } from './plainAttempt.ts';
import { SharedEstimate } from './sharedEstimate.ts';

function reservoir(amount: number): Bottleneck {
  return new Bottleneck({ reservoir: amount, reservoirRefreshAmount: amount, reservoirRefreshInterval: 60_000 });
}

/**
 * `bottleneck`: reservoirs of requests and of tokens that are filled once a minute, shared by all agents; the
 * difference between estimate and use is put back or taken afterwards.
 */
export const reservoirContestant: ContestantKind = {
  name: 'bottleneck',
  start: ({ clock, random, upstream, plan }) => {
    const requests = reservoir(plan.requestsPerMinute);
    const tokens = reservoir(plan.tokensPerMinute);
    const estimates = new SharedEstimate();
    return Promise.resolve({
      send: async (request) => {
        const weight = Math.min(estimates.before(request), plan.tokensPerMinute);
        const isDone = await tokens.schedule({ weight }, () =>
          requests.schedule(() => withRetries(claudeCodeRetries, clock, random, () => plainAttempt(upstream, request))),
        );
        await tokens.incrementReservoir(weight - (isDone ? estimates.after(request) : 0));
        return isDone;
      },
      dispose: () => {
        void requests.disconnect();
        void tokens.disconnect();
      },
    });
  },
};
