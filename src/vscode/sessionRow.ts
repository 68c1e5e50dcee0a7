import type { LinePlace, ShownSession } from '../core/quotaEngine.ts';
import type { SubagentUsage } from '../core/subagent.ts';
import { totalTokens } from '../core/usage.ts';
import { formatAge, formatCount, formatNumberOf } from '../shared/amounts.ts';
import { type Activity, sessionActivity } from '../shared/sessionActivity.ts';

/** What the icon of a row says. */
export type RowMark = Activity | 'subagent' | 'this window' | 'window' | 'agent' | 'machine' | 'detail';

/** One row of the Agent Sessions view. */
export interface SessionRow {
  readonly label: string;
  readonly description: string;
  readonly mark: RowMark;
  /** For screen readers. */
  readonly spoken: string;
}

/** What a session's row says beside what the session itself knows. */
export interface RowSurroundings {
  /** Whether something is wrong that keeps its requests from being answered. */
  readonly fails: boolean;
  /** Whether it runs on another account than this window's. */
  readonly otherAccount: boolean;
}

/** A pace so low is that of an agent that does nothing. */
const leastRate = 0.5;

/** For example "3.1k/min"; undefined for one that uses nothing. */
export function rateText(tokensPerMinute: number): string | undefined {
  return tokensPerMinute < leastRate ? undefined : `${formatCount(tokensPerMinute)}/min`;
}

export function sessionRow(record: ShownSession, { fails, otherAccount }: RowSurroundings, now: number): SessionRow {
  const age = formatAge(now - record.createdAt);
  const mark = sessionActivity(record, fails);
  const share = mark === 'unauthenticated' ? 'without quota' : `${formatCount(totalTokens(record.usage))} tokens`;
  const rate = rateText(record.tokensPerMinute);
  const parts = [
    ...(mark === 'paused' ? ['paused'] : []),
    share,
    rate ?? age,
    ...(record.waitingRequests > 0 && mark !== 'paused' ? [`${record.waitingRequests} waiting`] : []),
    ...(otherAccount ? ['other account'] : []),
  ];
  return {
    label: record.agentId,
    description: parts.join(' · '),
    mark,
    spoken: [
      `${record.agentId}, ${mark}, ${share}`,
      ...(rate === undefined ? [] : [`${formatCount(record.tokensPerMinute)} tokens a minute`]),
      `started ${age} ago`,
      ...(otherAccount ? ['on another account'] : []),
    ].join(', '),
  };
}

export function waitingRow(place: LinePlace, now: number): SessionRow {
  const age = formatAge(now - place.waitingSince);
  return {
    label: place.agentId,
    description: `waiting, place ${place.place} · ${age}`,
    mark: 'waiting',
    spoken: `${place.agentId}, waiting for a slot, place ${place.place} in line, for ${age}`,
  };
}

/** One agent that a session's agent has started. */
export function subagentRow({ subagentId, requests, usage }: SubagentUsage): SessionRow {
  const share = `${formatCount(totalTokens(usage))} tokens · ${formatNumberOf(requests, 'request')}`;
  return {
    label: subagentId,
    description: share,
    mark: 'subagent',
    spoken: `subagent ${subagentId}, ${share}`,
  };
}
