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
  return rules.find(({ pattern }) => matches(pattern, agentId))?.limits ?? noLimits;
}

/**
 * Whether a name matches a pattern. Linear in the name for each `*`, since names and patterns come from outside.
 * (The usual two-pointer match: on a mismatch the last `*` takes one character more.)
 */
function matches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let starAt = 0;
  let index = 0;
  while (index < name.length) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at;
      starAt = index;
      at += 1;
    } else if (wanted === '?' || wanted === name[index]) {
      at += 1;
      index += 1;
    } else if (star !== -1) {
      starAt += 1;
      index = starAt;
      at = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
