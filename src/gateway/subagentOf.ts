import { subagentNamed, type Subagent } from '../core/subagent.ts';
import { headerValue } from '../loopback/headerValue.ts';

/**
 * The subagent that made a request; undefined for the session's own agent. Source: Claude Code's documentation,
 * "Gateway protocol reference" › attribution headers.
 */
export function subagentOf(rawHeaders: readonly string[]): Subagent | undefined {
  const parentId = headerValue(rawHeaders, 'x-claude-code-parent-agent-id');
  return subagentNamed(headerValue(rawHeaders, 'x-claude-code-agent-id'), parentId);
}
