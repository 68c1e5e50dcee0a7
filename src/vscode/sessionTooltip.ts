import type { LinePlace, ShownSession } from '../core/quotaEngine.ts';
import type { SubagentUsage } from '../core/subagent.ts';
import { formatAge, formatNumberOf } from '../shared/amounts.ts';
import { escapeMarkdown } from './escapeMarkdown.ts';
import { allSessionDetails, tokensByKind } from './sessionDetails.ts';
import type { RowSurroundings } from './sessionRow.ts';

/** Everything about a session, in Markdown. */
export function sessionTooltip(record: ShownSession, surroundings: RowSurroundings, now: number): string {
  const rows = allSessionDetails(record, surroundings, now).map(
    ([name, value]) => `| ${name} | ${escapeMarkdown(value)} |`,
  );
  return [`**${escapeMarkdown(record.agentId)}**`, ['| | |', '| :-- | :-- |', ...rows].join('\n')].join('\n\n');
}

export function subagentTooltip({ subagentId, usage, lastAt }: SubagentUsage, now: number): string {
  return (
    `**${escapeMarkdown(subagentId)}**, a subagent. Its tokens are part of its session's: ${tokensByKind(usage)}.\n\n` +
    `Last request ${formatAge(now - lastAt)} ago`
  );
}

export function waitingTooltip(place: LinePlace): string {
  const before = place.place === 1 ? 'It is next.' : `${formatNumberOf(place.place - 1, 'agent')} before it.`;
  return `**${escapeMarkdown(place.agentId)}** waits for a slot. ${before}\n\nIt starts when a session ends or goes idle.`;
}
