/** What of a session it is named by. */
export interface NamedSession {
  readonly sessionId: string;
  readonly agentId: string;
}

/**
 * The sessions that somebody may mean: the one with exactly this id, else all whose id begins with it and all of the
 * agent with exactly this name.
 */
export function matchSessions<S extends NamedSession>(sessions: readonly S[], id: string): readonly S[] {
  const exact = sessions.find(({ sessionId }) => sessionId === id);
  if (exact !== undefined) return [exact];
  return sessions.filter(({ sessionId, agentId }) => agentId === id || sessionId.startsWith(id));
}
