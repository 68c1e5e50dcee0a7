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
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { agentId, workspace, model, mode, sessionId, subagents = [] } = session;
  const places = [agentId, workspace, model, mode, sessionId, mark, ...subagents.map(({ subagentId }) => subagentId)];
  const texts = places.flatMap((place) => (place === undefined ? [] : [place.toLowerCase()]));
  return words.every((word) => texts.some((text) => text.includes(word)));
}
