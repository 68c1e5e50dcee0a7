import { type Subagent } from '../core/subagent.ts';
import { headerValue } from '../loopback/headerValue.ts';

/** What an id may look like; whatever else an agent sends is nobody's name. */
const idPattern = /^[\w.:@-]{1,128}$/;

/**
 * The subagent that made a request; undefined for the session's own agent. Source: Claude Code's documentation,
 * "Gateway protocol reference" › attribution headers.
 */
export function subagentOf(rawHeaders: readonly string[]): Subagent | undefined {
  const subagentId = id(headerValue(rawHeaders, 'x-claude-code-agent-id'));
  if (subagentId === undefined) return undefined;
  return { subagentId, parentId: id(headerValue(rawHeaders, 'x-claude-code-parent-agent-id')) };
}

function id(value: string | undefined): string | undefined {
  return value !== undefined && idPattern.test(value) ? value : undefined;
}
