import type { EngineSnapshot, LinePlace, ShownSession } from '../core/quotaEngine.ts';
import { totalTokens } from '../core/usage.ts';
import { formatAge } from '../shared/amounts.ts';
import { costDetail, formatCost, isUnknownCost } from '../shared/costText.ts';
import type { DashboardFigures, DashboardRow } from '../shared/dashboardParts.ts';
import { sessionActivity } from '../shared/sessionActivity.ts';
import type { Cost } from '../shared/usageHistory.ts';
import { rowSurroundings } from './rowSurroundings.ts';

/** What a row says beside what its session itself knows. */
export interface RowContext {
  readonly snapshot: Pick<EngineSnapshot, 'planId' | 'health'>;
  readonly costs: 'billed' | 'api-equivalent';
  /** Ids of the sessions in a terminal of this window. */
  readonly inTerminals: ReadonlySet<string>;
  readonly now: number;
}

export function dashboardSessionRow(
  record: ShownSession,
  { snapshot, costs, inTerminals, now }: RowContext,
): DashboardRow {
  const { sessionId, agentId, mode, model = '', workspace, createdAt } = record;
  const { fails, otherAccount } = rowSurroundings(record, snapshot);
  const activity = sessionActivity(record, fails);
  const state = activity === 'unauthenticated' ? 'without quota' : activity;
  const isLive = record.state !== 'ended';
  return {
    id: sessionId,
    agent: agentId,
    activity,
    state: otherAccount ? `${state}, other account` : state,
    model,
    workspace,
    since: createdAt,
    age: formatAge(now - createdAt),
    session: {
      figures: figuresOf(record, costs),
      steerable: isLive && mode !== 'unauthenticated',
      paused: isLive && record.pausedAt !== undefined,
      ...(isLive && record.weight !== undefined && { weight: record.weight }),
      hasTerminal: inTerminals.has(sessionId),
    },
  };
}

export function dashboardWaitingRow({ ticket, agentId, place, waitingSince }: LinePlace, now: number): DashboardRow {
  return {
    id: ticket,
    agent: agentId,
    activity: 'waiting',
    state: `waiting, place ${place}`,
    model: '',
    workspace: '',
    since: waitingSince,
    age: formatAge(now - waitingSince),
  };
}

function figuresOf(record: ShownSession, costs: RowContext['costs']): DashboardFigures {
  const { usage, cost } = record;
  return {
    input: usage.inputTokens,
    output: usage.outputTokens,
    cacheRead: usage.cacheReadTokens,
    cacheWrite: usage.cacheCreation5mTokens + usage.cacheCreation1hTokens,
    tokens: totalTokens(usage),
    rate: Math.round(record.tokensPerMinute),
    waiting: record.waitingRequests,
    requests: record.requests,
    // Requests are priced when they have ended.
    ...(cost !== undefined && !isFirstUnderWay(record) && { cost: costFigure(cost, costs) }),
  };
}

/** Whether all that it has used is of requests that have not ended. */
function isFirstUnderWay({ requests, usage }: ShownSession): boolean {
  return requests === 0 && totalTokens(usage) > 0;
}

function costFigure(cost: Cost, costs: RowContext['costs']): DashboardFigures['cost'] {
  const texts = { text: formatCost(cost), detail: costDetail(cost, costs) };
  return isUnknownCost(cost) ? texts : { usd: cost.usd, ...texts };
}
