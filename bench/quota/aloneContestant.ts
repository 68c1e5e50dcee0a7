import { claudeCodeRetries, sdkRetries, withRetries } from './clientRetry.ts';
import type { ContestantKind } from './contestant.ts';
import { plainAttempt } from './plainAttempt.ts';

function alone(name: string, retries: number): ContestantKind {
  return {
    name,
    start: ({ clock, random, upstream }) =>
      Promise.resolve({
        send: (request) => withRetries(retries, clock, random, () => plainAttempt(upstream, request)),
        dispose: () => undefined,
      }),
  };
}

/** Agents that know nothing of each other. */
export const claudeCodeAlone = alone("alone, Claude Code's retries", claudeCodeRetries);
export const sdkAlone = alone("alone, the SDK's retries", sdkRetries);
