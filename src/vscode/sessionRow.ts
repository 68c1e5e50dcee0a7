import { type AgentRecord, type LinePlace } from '../core/quotaEngine.ts';
import { type ObservedBy } from '../core/session.ts';
import { type SubagentUsage } from '../core/subagent.ts';
import { type Usage, totalTokens } from '../core/usage.ts';
import { formatAge, formatCount, formatNumberOf } from '../shared/amounts.ts';
import { type Activity, sessionActivity } from '../shared/sessionActivity.ts';
import { escapeMarkdown } from './escapeMarkdown.ts';

/** What the icon of a row says. */
export type RowMark = Activity | 'subagent';

/** One row of the Agent Sessions view. */
export interface SessionRow {
  readonly label: string;
  readonly description: string;
  readonly activity: RowMark;
  /** For screen readers. */
  readonly spoken: string;
}

export function sessionRow(record: AgentRecord, now: number): SessionRow {
  const tokens = formatCount(totalTokens(record.usage));
  const age = formatAge(now - record.createdAt);
  const activity = sessionActivity(record);
  const share = activity === 'unauthenticated' ? 'without quota' : `${tokens} tokens`;
  return {
    label: record.agentId,
    description: `${share} · ${age}`,
    activity,
    spoken: `${record.agentId}, ${activity}, ${share}, started ${age} ago`,
  };
}

export function waitingRow(place: LinePlace, now: number): SessionRow {
  const age = formatAge(now - place.waitingSince);
  return {
    label: place.agentId,
    description: `waiting, place ${place.place} · ${age}`,
    activity: 'waiting',
    spoken: `${place.agentId}, waiting for a slot, place ${place.place} in line, for ${age}`,
  };
}

/** One agent that a session's agent has started. */
export function subagentRow({ subagentId, requests, usage }: SubagentUsage): SessionRow {
  const share = `${formatCount(totalTokens(usage))} tokens · ${formatNumberOf(requests, 'request')}`;
  return {
    label: subagentId,
    description: share,
    activity: 'subagent',
    spoken: `subagent ${subagentId}, ${share}`,
  };
}

export function subagentTooltip({ subagentId, usage, lastAt }: SubagentUsage, now: number): string {
  return (
    `**${escapeMarkdown(subagentId)}**, a subagent. Its tokens are part of its session's: ${tokensByKind(usage)}.\n\n` +
    `Last request ${formatAge(now - lastAt)} ago`
  );
}

/** Each kind of token by name, in the order in which an API bill lists them. */
export function tokensByKind(usage: Usage): string {
  const written = usage.cacheCreation5mTokens + usage.cacheCreation1hTokens;
  return [
    `${formatCount(usage.inputTokens)} in`,
    `${formatCount(written)} cache write`,
    `${formatCount(usage.cacheReadTokens)} cache read`,
    `${formatCount(usage.outputTokens)} out`,
  ].join(' · ');
}

const modes: Readonly<Record<AgentRecord['mode'], string>> = {
  routed: 'routed: calls Claude through the gateway',
  observed: 'observed: calls Claude directly, with its own login',
  unauthenticated: 'unauthenticated: runs without quota',
};

/** How what an observed agent uses is learned. */
const sources: Readonly<Record<ObservedBy, string>> = {
  telemetry: 'what it uses comes from its own telemetry',
  transcripts: 'its telemetry has settings of its own, so what it uses comes from its transcripts',
};

const activities: Readonly<Record<Activity, string>> = {
  working: 'working: a request is being answered',
  waiting: 'waiting: a request is in line for quota',
  ready: 'ready: holds a slot, no request now',
  idle: 'idle: has given its slot back and takes one again with its next request',
  unauthenticated: 'unauthenticated',
  ended: 'ended',
};

/** Everything about a session, in Markdown. */
export function sessionTooltip(record: AgentRecord, now: number): string {
  const lines = [
    ['State', activities[sessionActivity(record)]],
    ['Mode', modeText(record)],
    ['Tokens', `${formatCount(totalTokens(record.usage))} (${tokensByKind(record.usage)})`],
    ['Requests', requestsText(record)],
    ...(record.subagents.length === 0 ? [] : [['Subagents', subagentsText(record)] as const]),
    ['Allocation', allocationText(record)],
    ['Started', `${formatAge(now - record.createdAt)} ago`],
    ['Last activity', `${formatAge(now - record.lastActivityAt)} ago`],
    ['Workspace', record.workspace],
    ['Process', `${record.process.pid}`],
    ['Session', record.sessionId],
  ] satisfies (readonly [string, string])[];
  const rows = lines.map(([name, value]) => `| ${name} | ${escapeMarkdown(value)} |`);
  return [`**${escapeMarkdown(record.agentId)}**`, ['| | |', '| :-- | :-- |', ...rows].join('\n')].join('\n\n');
}

export function waitingTooltip(place: LinePlace): string {
  const before = place.place === 1 ? 'It is next.' : `${formatNumberOf(place.place - 1, 'agent')} before it.`;
  return `**${escapeMarkdown(place.agentId)}** waits for a slot. ${before}\n\nIt starts when a session ends or goes idle.`;
}

function modeText({ mode, observedBy }: AgentRecord): string {
  return observedBy === undefined ? modes[mode] : `${modes[mode]}; ${sources[observedBy]}`;
}

function requestsText(record: AgentRecord): string {
  const { requests, runningRequests, waitingRequests } = record;
  return `${requests} answered, ${runningRequests} running, ${waitingRequests} waiting`;
}

function subagentsText({ subagents }: AgentRecord): string {
  const used = subagents.reduce((sum, { usage }) => sum + totalTokens(usage), 0);
  return `${subagents.length}, which used ${formatCount(used)} tokens of these`;
}

function allocationText(record: AgentRecord): string {
  if (record.mode === 'unauthenticated') return 'none';
  const { requestsPerMinute, tokens } = record.allocation;
  return requestsPerMinute === undefined
    ? `${formatCount(tokens)} tokens for the rest of the day`
    : `${formatCount(requestsPerMinute)} requests and ${formatCount(tokens)} tokens a minute`;
}
