import type { Problem } from './credentials.ts';
import type { LedgerView } from './ledger.ts';
import { problems } from './problems.ts';
import type { AuthHealth } from './quotaEngine.ts';

/** How agents are: what is wrong by what the ledger says, after what is known from elsewhere. */
export function authHealth({ status, sessions, line }: LedgerView, known: readonly Problem[]): AuthHealth {
  const found = [...known];
  if (status.pausedUntil !== undefined) found.push(problems.paused(status.pausedUntil));
  for (const { models, until } of status.pausedModels) found.push(problems.paused(until, models));
  if (line.length > 0) found.push(problems.agentsWait(line.length));
  if (status.percentage >= 100) found.push(problems.limitReached(status));
  return {
    healthy: !found.some(({ severity }) => severity === 'error'),
    activeAgents: sessions.filter(({ state, mode }) => state === 'active' && mode !== 'unauthenticated').length,
    quotaPercentage: status.percentage,
    problems: found,
  };
}
