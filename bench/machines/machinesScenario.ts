import type { AnswerTimes, Scenario } from '../quota/scenario.ts';

/** Every answer takes so long: with it an agent alone would use some three times its part of the limit. */
export const answerTimes: AnswerTimes = { firstByteMs: 500, streamMs: 1500 };
/** Tokens at which conversations are compacted. */
export const largestContext = 40_000;
/** Mean pause between the requests of an agent in calm times, in milliseconds. */
export const calmPauseMs = 10_500;
/** Each way between a machine and the database, in milliseconds. */
export const delayMs = 50;
/** How long demand stays on one half of the machines when it jumps. */
export const jumpMs = 15_000;

/** The organisation's limits, for so many agents: tokens are what is reached. */
export function limitsFor(agents: number): { readonly requestsPerMinute: number; readonly tokensPerMinute: number } {
  return { requestsPerMinute: agents * 30, tokensPerMinute: agents * 30_000 };
}

/** How figures are made of one part of a run. */
export function partOfRun(agents: number, seconds: number, warmUpSeconds: number): Scenario {
  const limits = limitsFor(agents);
  return {
    name: 'machines',
    title: 'machines',
    groups: [{ count: agents, role: 'busy', conversations: 1, size: 1 }],
    upstream: limits,
    plan: limits,
    largestContext,
    answers: answerTimes,
    minutes: seconds / 60,
    warmUpMinutes: warmUpSeconds / 60,
    windows: 1,
  };
}
