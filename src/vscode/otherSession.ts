import type { OtherMachine, SharedSession } from '../core/sharedState.ts';
import { totalTokens } from '../core/usage.ts';
import { formatAge, formatCount, formatNumberOf } from '../shared/amounts.ts';
import { sessionActivity } from '../shared/sessionActivity.ts';
import { escapeMarkdown } from './escapeMarkdown.ts';
import { activityTexts, modes, type SessionDetail, tokensByKind } from './sessionDetails.ts';
import type { SessionRow } from './sessionRow.ts';

/** Its sessions belong to it; there is nothing to be done to them from here. */
const ownersText = 'Only to be looked at here: it is paused, weighed and released on its own machine.';

/** One machine that shares the quota. @param shown how many of its sessions are listed under it. */
export function machineRow({ name, user, sessions }: OtherMachine, shown: number): SessionRow {
  const count =
    shown === sessions.length ? countText(shown) : `${shown} of ${formatNumberOf(sessions.length, 'session')}`;
  return {
    label: name,
    description: `${user} · ${count}`,
    mark: 'machine',
    spoken: `machine ${name} of ${user}, which shares this quota, ${count}, only to be looked at`,
  };
}

/** @param isOld whether the machine may have changed since it was last heard of. */
export function machineTooltip({ name, user, sessions }: OtherMachine, isOld: boolean): string {
  return [
    `**${escapeMarkdown(name)}** of ${escapeMarkdown(user)} shares this quota: ${countText(sessions.length)} there.`,
    'They are only to be looked at here: sessions are paused, weighed and released on their own machine.',
    ...(isOld ? ['As it was when the shared ledger could last be reached.'] : []),
  ].join('\n\n');
}

/** A session of another machine. */
export function otherSessionRow(session: SharedSession, machine: OtherMachine, now: number): SessionRow {
  const age = ageText(session.createdAt, now);
  const mark = sessionActivity(session);
  const share = mark === 'unauthenticated' ? 'without quota' : `${formatCount(totalTokens(session.usage))} tokens`;
  const waiting = session.waitingRequests > 0 ? [`${session.waitingRequests} waiting`] : [];
  return {
    label: session.agentId,
    description: [share, age, ...waiting].join(' · '),
    mark,
    spoken: `${session.agentId} on ${machine.name}, ${mark}, ${share}, started ${age} ago, only to be looked at`,
  };
}

/** The details that are rows under a session of another machine. */
export function otherSessionDetails(session: SharedSession, now: number): SessionDetail[] {
  const { inputTokens, outputTokens, cacheReadTokens, cacheCreation5mTokens, cacheCreation1hTokens } = session.usage;
  return [
    ['Input', formatCount(inputTokens)],
    ['Output', formatCount(outputTokens)],
    ['Cache read', formatCount(cacheReadTokens)],
    ['Cache write', formatCount(cacheCreation5mTokens + cacheCreation1hTokens)],
    ...commonDetails(session, now),
  ];
}

/** Everything that is known of a session of another machine, in Markdown. */
export function otherSessionTooltip(session: SharedSession, machine: OtherMachine, now: number): string {
  const details: SessionDetail[] = [
    ['Machine', `${machine.name} of ${machine.user}`],
    ['State', activityTexts[sessionActivity(session)]],
    ['Tokens', `${formatCount(totalTokens(session.usage))} (${tokensByKind(session.usage)})`],
    ...commonDetails(session, now),
    ['Last activity', `${ageText(session.lastActivityAt, now)} ago`],
    ['Session', session.sessionId],
  ];
  const rows = details.map(([name, value]) => `| ${name} | ${escapeMarkdown(value)} |`);
  const table = ['| | |', '| :-- | :-- |', ...rows].join('\n');
  return [`**${escapeMarkdown(session.agentId)}**`, table, ownersText].join('\n\n');
}

function commonDetails({ model, requests, createdAt, mode }: SharedSession, now: number): SessionDetail[] {
  return [
    ...(model === undefined ? [] : [['Model', model] as const]),
    ['Requests', `${formatCount(requests)} answered`],
    ['Started', `${ageText(createdAt, now)} ago`],
    ['Mode', modes[mode]],
  ];
}

function countText(count: number): string {
  return count === 0 ? 'no sessions' : formatNumberOf(count, 'session');
}

/** The other machine's clock may be ahead of this one's. */
function ageText(at: number, now: number): string {
  return formatAge(Math.max(0, now - at));
}
