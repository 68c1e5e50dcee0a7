import type { AgentRule } from '../../../../src/core/agentRules.ts';
import { apiKeyPlan } from '../../../../src/core/plan.ts';
import { terms } from '../terms.ts';

/** Whether it goes on for a minute: `npm run test:long`. */
export const isLong = process.env['AGENT_QUOTA_LONG'] === '1';

/** Limits that are reached early, so that almost every request has to wait its turn. */
const unit = isLong ? 200 : 100;
export const hammerPlan = apiKeyPlan({
  requestsPerMinute: 6 * unit,
  tokensPerMinute: 6000 * unit,
  concurrentAgents: 150,
});

/** What the upstream reports of one model group. */
export const opusInputTokensPerMinute = 1000 * unit;

/** For each agent whose name begins with `limited-`, by itself. */
export const limitedAgent = { requestsPerMinute: 12, tokensPerMinute: 10_000, concurrentSessions: 4 } as const;

const agents: readonly AgentRule[] = [
  { pattern: 'limited-*', limits: limitedAgent },
  { pattern: 'heavy-*', limits: { weight: 3 } },
];

export const hammerTerms = terms(hammerPlan, { agents });

export const agentNames = ['limited-1', 'limited-2', 'heavy-1', 'plain-1', 'plain-2', 'plain-3', 'plain-4'] as const;

/** A model as the hammered upstream knows it. An estimate is never below these, which a strict upstream expects. */
export interface HammerModel {
  readonly name: string;
  readonly tokensPerByte: number;
  readonly outputTokens: number;
}

export const opus: HammerModel = { name: 'claude-opus-4-5', tokensPerByte: 0.125, outputTokens: 100 };
export const models: readonly HammerModel[] = [
  opus,
  { name: 'claude-sonnet-4-5', tokensPerByte: 0.25, outputTokens: 300 },
];
