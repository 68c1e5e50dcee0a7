import { matchesPattern } from './namePattern.ts';

/** What one agent may use, beside the plan's limits. What is left out is not limited. */
export interface AgentLimits {
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  /** Counted tokens a local calendar day. */
  readonly tokensPerDay?: number;
  /** Sessions of this agent's name at once. */
  readonly concurrentSessions?: number;
  /** Share when capacity is short, relative to others' 1: an agent of weight 2 gets twice as much. */
  readonly weight?: number;
  /** Subagents that a session's agent may run at once. */
  readonly concurrentSubagents?: number;
  /** Subagents that a session's agent may start in all. */
  readonly subagents?: number;
}

/** Limits for the agents whose names match a pattern. */
export interface AgentRule {
  /** `*` stands for any characters, `?` for one; everything else for itself. */
  readonly pattern: string;
  readonly limits: AgentLimits;
}

export const noLimits: AgentLimits = Object.freeze({});

/** An agent's limits: those of the first rule whose pattern matches its name. Each name has its limits for itself. */
export function limitsOfAgent(rules: readonly AgentRule[], agentId: string): AgentLimits {
  return rules.find(({ pattern }) => matchesPattern(pattern, agentId))?.limits ?? noLimits;
}
