import type { ApiKeyPlan } from '../../src/core/plan.ts';
import type { RateLimits } from '../../src/core/rateLimits.ts';

/** Agents of one kind. */
export interface AgentGroup {
  readonly count: number;
  /** `busy` ones always want more than their share; the others are left out of Jain's index. */
  readonly role: 'busy' | 'greedy' | 'idle';
  /** Conversations at once: the agent's own and its subagents'. */
  readonly conversations: number;
  /** Multiplies the size of requests. */
  readonly size: number;
}

/** Times of an answer, in milliseconds. */
export interface AnswerTimes {
  readonly firstByteMs: number;
  readonly streamMs: number;
}

/** One situation, the same for every contestant. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly groups: readonly AgentGroup[];
  /** What the upstream enforces. */
  readonly upstream: RateLimits;
  /** What everybody has been told of it. */
  readonly plan: Omit<ApiKeyPlan, 'kind' | 'concurrentAgents'>;
  /** Tokens at which conversations are compacted. */
  readonly largestContext: number;
  /** How long every answer takes; undefined: as long as real ones do. */
  readonly answers?: AnswerTimes;
  readonly minutes: number;
  /** At the start, in which the full buckets are used up; left out of all figures but the count of 429s and the work. */
  readonly warmUpMinutes: number;
  /** Windows of VS Code that the agents are spread over. */
  readonly windows: number;
  /** All agents begin at once, work so long and pause so long; undefined: they go on and on. */
  readonly bursts?: { readonly workMs: number; readonly pauseMs: number };
  /** The upstream's token limits are multiplied by the factor then. */
  readonly change?: { readonly atMinute: number; readonly factor: number };
}

export function agentCount(scenario: Scenario): number {
  return scenario.groups.reduce((sum, { count }) => sum + count, 0);
}

/** Each agent's group, in the order of the agents. */
export function groupOfAgents(scenario: Scenario): readonly AgentGroup[] {
  return scenario.groups.flatMap((group) => new Array<AgentGroup>(group.count).fill(group));
}
