import { formatAge, formatNumberOf } from './amounts.ts';

interface ChangedSession {
  readonly agentId: string;
  readonly state: 'active' | 'idle' | 'ended';
}

/** What a clean-up did, in one or two sentences. */
export function cleanUpText(changed: readonly ChangedSession[], inactivityMs: number): string {
  const ended = changed.filter(({ state }) => state === 'ended');
  const idle = changed.filter(({ state }) => state === 'idle');
  const sentences: string[] = [];
  if (ended.length > 0) {
    sentences.push(`${formatNumberOf(ended.length, 'session')} ended, because the process is gone: ${names(ended)}.`);
  }
  if (idle.length > 0) {
    const slots = `${formatNumberOf(idle.length, 'slot')} given back after ${formatAge(inactivityMs)} without a request`;
    sentences.push(`${slots}: ${names(idle)}. The next request takes a slot again.`);
  }
  if (sentences.length > 0) return sentences.join(' ');
  return `Nothing to clean up: every session's process is alive and was active in the last ${formatAge(inactivityMs)}.`;
}

function names(records: readonly ChangedSession[]): string {
  const first = records.slice(0, 5).map(({ agentId }) => agentId);
  return first.join(', ') + (records.length > first.length ? ` and ${records.length - first.length} more` : '');
}
