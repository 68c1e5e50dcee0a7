import type { ShownSession } from '../core/quotaEngine.ts';

/** What is heard comes within seconds of what was heard first; a machine may be busy, in milliseconds. */
const patienceMs = 60_000;

/**
 * What of an observed agent is not heard although something is, and what to do; undefined when nothing is missing, or
 * may still come. An agent of which nothing at all is heard may just wait for its user.
 */
export function unheardText({ mode, observedBy, heard = {}, requests }: ShownSession, now: number): string | undefined {
  if (mode !== 'observed') return undefined;
  const { hooks, turn, telemetry } = heard;
  const isLong = (since: number | undefined): boolean => since !== undefined && now - since >= patienceMs;
  if (hooks === undefined && isLong(telemetry))
    return 'its hooks, so its turns are not held: look in its settings for what limits hooks (background agents have none)';
  if (!isLong(turn)) return undefined;
  if (requests === 0)
    return 'what it uses: look whether it writes transcripts, and for an administrator’s telemetry settings';
  if (telemetry === undefined && observedBy !== 'transcripts')
    return 'its telemetry, so its transcripts tell, half a minute late: look for an administrator’s telemetry settings';
  return undefined;
}
