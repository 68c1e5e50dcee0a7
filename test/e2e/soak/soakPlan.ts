import type { AgentRule } from '../../../src/core/agentRules.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';

/** Whether the soak goes on for ten minutes: `npm run test:long`. */
const isLong = process.env['AGENT_QUOTA_LONG'] === '1';

/** What happens in a soak, and for how long. */
export const soak = {
  isLong,
  agents: 200,
  durationMs: isLong ? 600_000 : 20_000,
  /** What is not measured: pools fill, code is compiled, buckets empty. */
  warmUpMs: isLong ? 150_000 : 8_000,
  measureEveryMs: isLong ? 10_000 : 250,
  /** The upstream behaves in another way each quarter of a second. In the short form answers are long once a third. */
  turnMs: 250,
  turnsBetweenLong: isLong ? 50 : 16,
  turnsBetween429: isLong ? 40 : 20,
  /** An agent's pause between two requests, on average. */
  pauseMs: isLong ? 3_000 : 1_000,
  /** Requests after which an agent ends its session and begins another. */
  requestsPerSession: isLong ? 12 : 4,
} as const;

/** Wide enough for all of it, but not at every moment of the long form. */
export const soakPlan = apiKeyPlan({
  requestsPerMinute: 4_500,
  tokensPerMinute: 50_000_000,
  concurrentAgents: soak.agents,
});

/** Some agents have so little that they wait for most of their requests. */
export const soakAgentRules: readonly AgentRule[] = [{ pattern: 'thrifty-*', limits: { requestsPerMinute: 8 } }];

export const soakAgentNames: readonly string[] = Array.from({ length: soak.agents }, (_, index) =>
  index % 10 === 0 ? `thrifty-${index}` : `agent-${index}`,
);
