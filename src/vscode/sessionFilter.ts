import { matchesWords } from '../shared/wordFilter.ts';
import type { RowMark } from './sessionRow.ts';

/** What of a session can be looked for. */
export interface FilteredSession {
  readonly agentId: string;
  readonly workspace?: string;
  readonly model?: string;
  readonly mode?: string;
  readonly sessionId?: string;
  readonly subagents?: readonly { readonly subagentId: string }[];
}

/** Whether each word of a filter is found in something of the session: its agent, workspace, model, state or subagents. */
export function matchesFilter(filter: string, session: FilteredSession, mark: RowMark): boolean {
  const { agentId, workspace, model, mode, sessionId, subagents = [] } = session;
  return matchesWords(filter, {
    texts: [agentId, workspace, model, mode, mark],
    ids: [sessionId, ...subagents.map(({ subagentId }) => subagentId)],
  });
}
