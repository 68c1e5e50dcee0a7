import type { Usage } from './usage.ts';

/**
 * An agent that an agent has started within its own session. Source: Claude Code's documentation, "Gateway protocol
 * reference": `x-claude-code-agent-id` and, for nested ones, `x-claude-code-parent-agent-id`.
 */
export interface Subagent {
  readonly subagentId: string;
  /** The subagent that started it; undefined when the session's own agent did. */
  readonly parentId: string | undefined;
}

/** What a subagent has used so far. */
export interface SubagentUsage extends Subagent {
  readonly requests: number;
  readonly usage: Usage;
  /** When its last request was booked, in milliseconds since the epoch. */
  readonly lastAt: number;
}

/** What an id may look like; whatever else an agent sends is nobody's name. */
const idPattern = /^[\w.:@-]{1,128}$/;

/** The subagent of these ids, as its agent sent them; undefined for the session's own agent. */
export function subagentNamed(subagentId: string | undefined, parentId: string | undefined): Subagent | undefined {
  const id = checkedId(subagentId);
  return id === undefined ? undefined : { subagentId: id, parentId: checkedId(parentId) };
}

function checkedId(value: string | undefined): string | undefined {
  return value !== undefined && idPattern.test(value) ? value : undefined;
}
