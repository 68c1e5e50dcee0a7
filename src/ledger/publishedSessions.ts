import * as z from 'zod';
import type { LedgerView } from '../core/ledger.ts';
import type { SharedSession } from '../core/sharedState.ts';
import { usage } from './rowParts.ts';

const sharedSession = z.object({
  sessionId: z.string(),
  agentId: z.string(),
  mode: z.enum(['routed', 'observed', 'unauthenticated']),
  state: z.enum(['active', 'idle']),
  createdAt: z.number(),
  lastActivityAt: z.number(),
  requests: z.number(),
  usage,
  model: z.string().exactOptional(),
  parentSessionId: z.string().exactOptional(),
  waitingRequests: z.number(),
  runningRequests: z.number(),
});

const body = z.object({ version: z.literal(1), sessions: z.array(sharedSession) });

/** Sessions that are shown to other machines at most: the text has a bound. */
const mostSessions = 100;

/** What other machines are shown of this one's sessions of a plan: nothing that is not needed to show them. */
export function publishedBody({ sessions, activity }: LedgerView, planId: string): string {
  const shown = sessions
    .filter((session) => session.planId === planId)
    .slice(0, mostSessions)
    .map((session): SharedSession => {
      const { waitingRequests, runningRequests } = activity.get(session.sessionId) ?? noActivity;
      return {
        sessionId: session.sessionId,
        agentId: session.agentId,
        mode: session.mode,
        state: session.state,
        createdAt: session.createdAt,
        lastActivityAt: session.lastActivityAt,
        requests: session.requests,
        usage: session.usage,
        ...(session.model !== undefined && { model: session.model }),
        ...(session.parentSessionId !== undefined && { parentSessionId: session.parentSessionId }),
        waitingRequests,
        runningRequests,
      };
    });
  return JSON.stringify({ version: 1, sessions: shown });
}

const noActivity = { waitingRequests: 0, runningRequests: 0 };

/** @returns undefined for what another version has written. */
export function parsePublished(text: string): readonly SharedSession[] | undefined {
  try {
    return body.parse(JSON.parse(text)).sessions;
  } catch {
    return undefined;
  }
}
