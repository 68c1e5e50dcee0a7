import type { LedgerView } from './ledger.ts';
import type { AgentRecord } from './quotaEngine.ts';
import type { LiveSession, Session } from './session.ts';

/** Sessions as shown, oldest first. */
export function recordsOf(view: LedgerView): AgentRecord[] {
  return view.sessions.map((session) => recordOf(session, view));
}

/** One session as shown. @param view the moment it is shown of; undefined for one that has just ended. */
export function recordOf(session: Session | LiveSession, view: LedgerView | undefined): AgentRecord {
  const usesClaudeAuth = session.mode !== 'unauthenticated';
  return {
    ...session,
    ...(usesClaudeAuth && { claudeSessionId: session.sessionId }),
    usesClaudeAuth,
    subagents: view?.subagents.get(session.sessionId) ?? [],
    ...(view?.activity.get(session.sessionId) ?? { waitingRequests: 0, runningRequests: 0 }),
  };
}
