import type { LimitProjection } from '../shared/limitProjection.ts';
import { decidingPart, type Dimension, type LimitStatus } from '../shared/limitStatus.ts';
import { calendarDay } from './calendarDay.ts';
import { projectLimit, type UseSample } from './projectLimit.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** What is known of a kind of limit that starts anew at a moment. */
interface Period {
  /** How far back the pace is looked at, in milliseconds. */
  readonly lookBackMs: number;
  readonly sampleEveryMs: number;
  /** @param resetsAt its end, in milliseconds since the epoch. */
  readonly startsAt: (resetsAt: number) => number;
}

const periods: Readonly<Partial<Record<Dimension, Period>>> = {
  tokensPerDay: {
    lookBackMs: hourMs,
    sampleEveryMs: minuteMs,
    startsAt: (resetsAt) => calendarDay(resetsAt - 1).startsAt,
  },
  fiveHour: { lookBackMs: hourMs, sampleEveryMs: minuteMs, startsAt: (resetsAt) => resetsAt - 5 * hourMs },
  sevenDay: {
    lookBackMs: 24 * hourMs,
    sampleEveryMs: 15 * minuteMs,
    startsAt: (resetsAt) => resetsAt - 7 * 24 * hourMs,
  },
};

/** How fast limits are used up that start anew at a moment, and where that leads. */
export class LimitPaces {
  readonly #samples = new Map<string, { readonly resetsAt: number; readonly samples: UseSample[] }>();

  /** Takes in the limits as they are now. @returns the projection of each that is in use. */
  take(limits: readonly LimitStatus[], now: number): LimitProjection[] {
    const found = new Set<string>();
    const projections: LimitProjection[] = [];
    for (const limit of limits) {
      const { dimension, models = '', resetsAt } = limit;
      const period = periods[dimension];
      if (period === undefined || resetsAt === undefined || resetsAt <= now) continue;
      // The machine's own part has a pace of its own.
      const { used, isOwn } = decidingPart(limit);
      const key = `${dimension} ${models}${isOwn ? ' own' : ''}`;
      found.add(key);
      const startsAt = Math.min(period.startsAt(resetsAt), now);
      const samples = this.#samplesOf(key, used, resetsAt, period, now);
      projections.push(projectLimit({ ...limit, used, resetsAt }, { samples, startsAt }, now));
    }
    for (const key of this.#samples.keys()) if (!found.has(key)) this.#samples.delete(key);
    return projections;
  }

  #samplesOf(key: string, used: number, resetsAt: number, period: Period, now: number): readonly UseSample[] {
    const { lookBackMs, sampleEveryMs } = period;
    let known = this.#samples.get(key);
    const newest = known?.samples.at(-1);
    // Anthropic's reports of one window's end differ by seconds.
    const isAnother = known !== undefined && Math.abs(known.resetsAt - resetsAt) > minuteMs;
    if (known === undefined || isAnother || (newest !== undefined && newest.at > now)) {
      known = { resetsAt, samples: [] };
      this.#samples.set(key, known);
    }
    const { samples } = known;
    const last = samples.at(-1);
    if (last === undefined || now - last.at >= sampleEveryMs) samples.push({ at: now, used });
    while (samples.length > 1 && (samples[1]?.at ?? now) <= now - lookBackMs) samples.shift();
    return samples;
  }
}
