import type { EngineSnapshot } from '../core/quotaEngine.ts';
import type { QueryAnswer, ReleaseResult, StatusAnswer } from '../shared/launcherAnswers.ts';
import type { Query } from '../shared/launcherMessages.ts';
import type { ControlQueries } from './controlQueries.ts';
import { sessionAnswer, sessionAnswers, tokensAnswer } from './sessionAnswers.ts';
import { matchSessions } from './sessionMatch.ts';

/** How many of the sessions that may be meant are named. */
const mostCandidates = 20;

/** Does what a launcher asks, and says what came of it. */
export async function answerQuery(queries: ControlQueries, query: Query): Promise<QueryAnswer> {
  switch (query.what) {
    case 'status':
      return statusAnswer(await queries.snapshot());
    case 'test':
      return { what: 'test', test: await queries.testAuthentication() };
    case 'cleanup': {
      const { changed, inactivityMs } = await queries.cleanUp();
      return { what: 'cleanup', inactivityMs, changed: sessionAnswers(changed) };
    }
    case 'release':
      return { what: 'release', result: await release(queries, query.id) };
  }
}

function statusAnswer(snapshot: EngineSnapshot): StatusAnswer {
  const { at, plan, status, sessions, line, usedToday, health, gatewayUrl, ledger } = snapshot;
  return {
    what: 'status',
    at,
    plan,
    gatewayUrl,
    ledger,
    healthy: health.healthy,
    problems: [...health.problems],
    percentage: status.percentage,
    limits: [...status.limits],
    ...(status.pausedUntil !== undefined && { pausedUntil: status.pausedUntil }),
    pausedModels: [...status.pausedModels],
    usedToday: tokensAnswer(usedToday),
    sessions: sessionAnswers(sessions),
    line: line.map(({ agentId, place, waitingSince }) => ({ agentId, place, waitingSince })),
  };
}

/** Ends the one session that is meant; none where more than one may be. */
async function release(queries: ControlQueries, id: string): Promise<ReleaseResult> {
  const matches = matchSessions((await queries.snapshot()).sessions, id);
  const [session, another] = matches;
  if (session === undefined) return { kind: 'notFound' };
  if (another !== undefined) {
    const candidates = sessionAnswers(matches.slice(0, mostCandidates));
    return { kind: 'ambiguous', candidates, count: matches.length };
  }
  if (!(await queries.releaseSession(session.sessionId))) return { kind: 'notFound' };
  return { kind: 'released', session: sessionAnswer(session) };
}
