import type { LimitProjection } from '../shared/limitProjection.ts';
import type { LimitStatus } from '../shared/limitStatus.ts';

/** How much of a limit was used at a moment. */
export interface UseSample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly used: number;
}

/** What is known of a limit's use so far. */
export interface LimitUse {
  /** Oldest first. Less may be used than before: what requests hold is given back. */
  readonly samples: readonly UseSample[];
  /** When the limit started anew, with nothing used; in milliseconds since the epoch. */
  readonly startsAt: number;
}

/** Samples over less than this say too little, in milliseconds: the mean since the start is taken then. */
const leastMeasuredMs = 10 * 60_000;
/** The measured time is cut into so many parts; how much these differ is how uncertain the pace is. */
const parts = 6;
/** Of Student's distribution with 5 degrees of freedom: 90 % are within so many standard errors. */
const studentFactor = 2.015;
/** Of a mean without parts nothing is known but that agents come and go: the pace may be half or double. */
const unknownFactor = 2;

const hourMs = 3_600_000;

/**
 * Where a limit's use leads if it goes on as of late: when it is used up, compared with when it starts anew.
 * @param limit its `resetsAt` lies ahead of `now`.
 */
export function projectLimit(
  limit: LimitStatus & { readonly resetsAt: number },
  { samples, startsAt }: LimitUse,
  now: number,
): LimitProjection {
  const { dimension, models, resetsAt, remaining } = limit;
  const points = [...samples, { at: now, used: limit.used }];
  const first = points[0] ?? { at: now, used: limit.used };
  const isMeasured = now - first.at >= leastMeasuredMs;
  const from = isMeasured ? first : { at: Math.min(startsAt, now), used: 0 };
  const measuredMs = now - from.at;
  const pace = measuredMs > 0 ? Math.max(0, limit.used - from.used) / measuredMs : 0;
  const [least, most] = isMeasured ? rangeOf(points, pace) : [pace / unknownFactor, pace * unknownFactor];
  const at = (speed: number): number | undefined => whenUsedUp(remaining, speed, now);
  const [reachedAt, earliestAt, latestAt] = [at(pace), at(most), at(least)];
  return {
    dimension,
    ...(models !== undefined && { models }),
    perHour: pace * hourMs,
    perHourRange: [least * hourMs, most * hourMs],
    ...(reachedAt !== undefined && { reachedAt }),
    ...(earliestAt !== undefined && { earliestAt }),
    ...(latestAt !== undefined && { latestAt }),
    resetsAt,
    outlook: outlookOf(remaining, reachedAt, earliestAt, resetsAt),
    measuredMs,
  };
}

function outlookOf(
  remaining: number,
  reachedAt: number | undefined,
  earliestAt: number | undefined,
  resetsAt: number,
): LimitProjection['outlook'] {
  if (remaining <= 0) return 'reached';
  if (reachedAt !== undefined && reachedAt < resetsAt) return 'likely';
  return earliestAt !== undefined && earliestAt < resetsAt ? 'possible' : 'unlikely';
}

/** @param speed per millisecond. @returns undefined when that is never. */
function whenUsedUp(remaining: number, speed: number, now: number): number | undefined {
  if (remaining <= 0) return now;
  const at = now + remaining / speed;
  // What lies further ahead than dates reach is never.
  return at < 8.64e15 ? Math.round(at) : undefined;
}

/** The likely least and greatest pace, per millisecond, by how much the parts of the measured time differ. */
function rangeOf(points: readonly UseSample[], pace: number): [least: number, most: number] {
  const [from, to] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  const partMs = (to - from) / parts;
  const used = Array.from({ length: parts + 1 }, (_, part) => usedAt(points, from + part * partMs));
  const paces = Array.from({ length: parts }, (_, part) => ((used[part + 1] ?? 0) - (used[part] ?? 0)) / partMs);
  const variance = paces.reduce((sum, one) => sum + (one - pace) ** 2, 0) / (parts - 1);
  const margin = studentFactor * Math.sqrt(variance / parts);
  return [Math.max(0, pace - margin), pace + margin];
}

/** Between two samples it rose evenly. */
function usedAt(points: readonly UseSample[], at: number): number {
  const after = points.findIndex((point) => point.at >= at);
  const next = points[after === -1 ? points.length - 1 : after] ?? { at, used: 0 };
  const last = points[Math.max(0, (after === -1 ? points.length : after) - 1)] ?? next;
  if (next.at <= last.at) return next.used;
  return last.used + (next.used - last.used) * Math.min(1, (at - last.at) / (next.at - last.at));
}
