import { commands } from '../contributions.ts';
import type { LinePlace } from '../core/quotaEngine.ts';
import { formatNumberOf } from '../shared/amounts.ts';

const mostNames = 3;

/**
 * Who waits for a slot and what can be done about it, with links; undefined when nobody does.
 * @param waiting in the order in which they came.
 */
export function waitingText(waiting: readonly LinePlace[]): string | undefined {
  const [first] = waiting;
  if (first === undefined) return undefined;
  const who =
    waiting.length === 1
      ? `${first.agentId} waits for a slot, place ${first.place} in line`
      : `${formatNumberOf(waiting.length, 'agent')} wait for a slot: ${names(waiting)}`;
  const start = waiting.length === 1 ? 'Start anyway without quota' : `Start ${first.agentId} without quota`;
  const argument = encodeURIComponent(JSON.stringify([first.ticket]));
  return (
    `${who}; all slots are taken. [${start}](command:${commands.startWithoutQuota}?${argument}) · ` +
    `[Release one…](command:${commands.releaseSession}) · Cancel refuses ${waiting.length === 1 ? 'it' : 'all of them'}`
  );
}

function names(waiting: readonly LinePlace[]): string {
  const shown = waiting.slice(0, mostNames).map(({ agentId, place }) => `${agentId} (place ${place})`);
  const more = waiting.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
