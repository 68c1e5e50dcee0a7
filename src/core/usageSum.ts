import type { Usage } from './usage.ts';

/** Input tokens above which some models' requests have another price. */
export const longInputTokens = 200_000;

/** Whose usage sums tell apart: that of each agent name, or of each session too. */
export type UsageDetail = 'agent' | 'session';

/** What one agent, or one session, used of one model within a step of time. */
export interface UsageSum {
  /** When the step begins, in milliseconds since the epoch. */
  readonly at: number;
  readonly planId: string;
  readonly agentId: string;
  /** Undefined where sessions are not told apart. */
  readonly sessionId: string | undefined;
  readonly model: string | undefined;
  /** Whether the requests had more than `longInputTokens` each. */
  readonly isLong: boolean;
  readonly requests: number;
  readonly usage: Usage;
}
