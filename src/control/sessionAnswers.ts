import type { AgentRecord } from '../core/quotaEngine.ts';
import { totalTokens, type Usage } from '../core/usage.ts';
import type { SessionAnswer, TokensAnswer } from '../shared/launcherAnswers.ts';

/** More than anybody can look at; bounds how long an answer gets. */
const mostSubagents = 20_000;

/** Sessions as launchers are told them. Of too many subagents the ones that were active last are told. */
export function sessionAnswers(records: readonly AgentRecord[]): SessionAnswer[] {
  const since = activeSince(records);
  return records.map((record) => sessionAnswer(record, since));
}

/** @param since subagents that were not active since then are left out: milliseconds since the epoch. */
export function sessionAnswer(record: AgentRecord, since = -Infinity): SessionAnswer {
  const told = record.subagents.filter(({ lastAt }) => lastAt >= since);
  return {
    sessionId: record.sessionId,
    agentId: record.agentId,
    state: record.state,
    mode: record.mode,
    workspace: record.workspace,
    pid: record.process.pid,
    createdAt: record.createdAt,
    lastActivityAt: record.lastActivityAt,
    requests: record.requests,
    runningRequests: record.runningRequests,
    waitingRequests: record.waitingRequests,
    ...(record.state !== 'ended' && record.pausedAt !== undefined && { paused: true, pausedAt: record.pausedAt }),
    ...(record.parentSessionId !== undefined && { parentSessionId: record.parentSessionId }),
    ...(record.state !== 'ended' && record.weight !== undefined && { weight: record.weight }),
    tokens: tokensAnswer(record.usage),
    subagents: told.map(({ subagentId, parentId, requests, usage, lastAt }) => ({
      subagentId,
      ...(parentId !== undefined && { parentId }),
      requests,
      tokens: tokensAnswer(usage),
      lastActivityAt: lastAt,
    })),
    subagentsLeftOut: record.subagents.length - told.length,
  };
}

export function tokensAnswer(usage: Usage): TokensAnswer {
  return {
    input: usage.inputTokens,
    cacheWrite5m: usage.cacheCreation5mTokens,
    cacheWrite1h: usage.cacheCreation1hTokens,
    cacheRead: usage.cacheReadTokens,
    output: usage.outputTokens,
    total: totalTokens(usage),
  };
}

/** The moment since which no more subagents than may be told were active, in milliseconds since the epoch. */
function activeSince(records: readonly AgentRecord[]): number {
  const times = records.flatMap(({ subagents }) => subagents.map(({ lastAt }) => lastAt));
  if (times.length <= mostSubagents) return -Infinity;
  const latest = times.sort((a, b) => b - a);
  // Those of the same millisecond as the first that is left out are left out too.
  return (latest[mostSubagents] ?? -Infinity) + 1;
}
