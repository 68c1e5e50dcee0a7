import { formatCount, formatCountdown } from './amounts.ts';
import type { LimitProjection } from './limitProjection.ts';

/** What was looked at for less says little, in milliseconds. */
const guessUnderMs = 10 * 60_000;

/** How fast a limit is used and where that leads, with how sure that is; for example "120k an hour: used up in 2 h". */
export function paceText(projection: LimitProjection, now: number): string {
  const { outlook, perHour, measuredMs } = projection;
  if (outlook === 'reached') return 'Used up';
  if (perHour <= 0) return 'Nothing used of late';
  const guess = measuredMs < guessUnderMs ? ' A first guess.' : '';
  return `${rateText(projection)} an hour: ${leadsTo(projection, now)}.${guess}`;
}

function rateText({ dimension, perHour }: LimitProjection): string {
  // A subscription's windows are known in percent.
  if (dimension !== 'fiveHour' && dimension !== 'sevenDay') return formatCount(perHour);
  return perHour < 0.1 ? 'Under 0.1%' : `${formatCount(perHour)}%`;
}

function leadsTo({ outlook, reachedAt, earliestAt, latestAt, resetsAt }: LimitProjection, now: number): string {
  const inTime = (at: number): string => formatCountdown(at - now);
  if (outlook === 'likely' && reachedAt !== undefined) {
    const [early, middle] = [inTime(earliestAt ?? reachedAt), inTime(reachedAt)];
    const late = latestAt === undefined || latestAt >= resetsAt ? 'not before the reset' : inTime(latestAt);
    const range = early === middle && late === middle ? '' : ` (${early} to ${late})`;
    return `used up in ${middle}${range}, before the reset`;
  }
  if (outlook === 'possible' && earliestAt !== undefined)
    return `lasts until the reset, but may be used up in ${inTime(earliestAt)}`;
  return 'lasts until the reset';
}
