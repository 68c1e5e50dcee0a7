import type { ShownSession } from '../core/quotaEngine.ts';
import type { ObservedBy } from '../core/session.ts';
import { type Usage, totalTokens } from '../core/usage.ts';
import { formatAge, formatCount, formatNumberOf } from '../shared/amounts.ts';
import { type Activity, sessionActivity } from '../shared/sessionActivity.ts';
import { accountName } from './accountName.ts';
import type { RowSurroundings } from './sessionRow.ts';
import { unheardText } from './unheardText.ts';

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

/** How an agent reaches Claude, in words. */
export const modes: Readonly<Record<ShownSession['mode'], string>> = {
  routed: 'routed through the gateway',
  observed: 'observed, on its own login',
  unauthenticated: 'unauthenticated, without quota',
};

/** How what an observed agent uses is learned. */
const sources: Readonly<Record<ObservedBy, string>> = {
  telemetry: 'its own telemetry',
  transcripts: 'its transcripts, some seconds behind: its telemetry has settings of its own',
};

/** What an agent is doing, in words. */
export const activityTexts: Readonly<Record<Activity, string>> = {
  working: 'working: a request is being answered',
  waiting: 'waiting: a request is in line for quota',
  ready: 'ready: holds a slot, no request now',
  idle: 'idle: has given its slot back and takes one again with its next request',
  paused: 'paused: its requests wait until you resume it',
  failing: 'failing: its requests cannot be answered now; Show Status says why',
  unauthenticated: 'unauthenticated',
  ended: 'ended',
};

/** What is known of a session, by name; all that a row cannot hold. */
export type SessionDetail = readonly [name: string, value: string];

/** The details that are rows under a session: short, since a side bar is narrow. */
export function sessionDetails(record: ShownSession, now: number): SessionDetail[] {
  const { inputTokens, outputTokens, cacheReadTokens, cacheCreation5mTokens, cacheCreation1hTokens } = record.usage;
  return [
    ['Input', formatCount(inputTokens)],
    ['Output', formatCount(outputTokens)],
    ['Cache read', formatCount(cacheReadTokens)],
    ['Cache write', formatCount(cacheCreation5mTokens + cacheCreation1hTokens)],
    ...sharedDetails(record, now),
  ];
}

/** What rows and tooltip both say. */
function sharedDetails(record: ShownSession, now: number): SessionDetail[] {
  const unheard = unheardText(record, now);
  const { mode, model, observedBy } = record;
  const weight = record.state === 'ended' ? undefined : record.weight;
  return [
    ...(model === undefined ? [] : [['Model', model] as const]),
    ['Rate', `${formatCount(record.tokensPerMinute)} tokens a minute`],
    ['Requests', requestsText(record)],
    ...(weight === undefined ? [] : [['Weight', `${weight}`] as const]),
    ['Started', `${formatAge(now - record.createdAt)} ago`],
    ['Mode', modes[mode]],
    ...(observedBy === undefined ? [] : [['Usage from', sources[observedBy]] as const]),
    ...(unheard === undefined ? [] : [['Not heard from', unheard] as const]),
  ];
}

/** Everything about a session. */
export function allSessionDetails(
  record: ShownSession,
  { fails, otherAccount }: RowSurroundings,
  now: number,
): SessionDetail[] {
  return [
    ['State', activityTexts[sessionActivity(record, fails)]],
    ...(otherAccount ? [['Account', otherAccountText(record)] as const] : []),
    ['Tokens', `${formatCount(totalTokens(record.usage))} (${tokensByKind(record.usage)})`],
    ...sharedDetails(record, now),
    ...(record.subagents.length === 0 ? [] : [['Subagents', subagentsText(record)] as const]),
    ['Allocation', allocationText(record)],
    ['Last activity', `${formatAge(now - record.lastActivityAt)} ago`],
    ['Workspace', record.workspace],
    ['Process', `${record.process.pid}`],
    ...(record.parentSessionId === undefined ? [] : [['Started by', record.parentSessionId] as const]),
    ['Session', record.sessionId],
  ];
}

function otherAccountText({ planId }: ShownSession): string {
  const name = accountName(planId);
  return `another than this window’s${name === undefined ? '' : ` (${name})`}: it has limits of its own`;
}

function requestsText({ requests, runningRequests, waitingRequests }: ShownSession): string {
  const parts = [
    `${formatCount(requests)} answered`,
    ...(runningRequests > 0 ? [`${runningRequests} running`] : []),
    ...(waitingRequests > 0 ? [`${waitingRequests} waiting`] : []),
  ];
  return parts.join(', ');
}

function subagentsText({ subagents }: ShownSession): string {
  const used = subagents.reduce((sum, { usage }) => sum + totalTokens(usage), 0);
  return `${formatNumberOf(subagents.length, 'subagent')}, ${formatCount(used)} tokens of these`;
}

function allocationText(record: ShownSession): string {
  if (record.mode === 'unauthenticated') return 'none';
  const { requestsPerMinute, tokens } = record.allocation;
  return requestsPerMinute === undefined
    ? `${formatCount(tokens)} tokens for the rest of the day`
    : `${formatCount(requestsPerMinute)} requests and ${formatCount(tokens)} tokens a minute`;
}
