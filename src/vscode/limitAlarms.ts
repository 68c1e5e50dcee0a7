import type { EngineSnapshot } from '../core/quotaEngine.ts';
import { formatCountdown } from '../shared/amounts.ts';
import type { Dimension, LimitStatus } from '../shared/limitStatus.ts';
import { summarizeLimit } from '../shared/limitSummary.ts';
import { limitKey, periodOf, toldKey } from './limitKey.ts';

/** A share of a limit has been reached. */
export interface LimitAlarm {
  /** What it is about, the same in all windows and other in each period and for another limit of the day. */
  readonly key: string;
  /** Keys of the neighbouring periods; see `periodOf`. */
  readonly alike: readonly string[];
  readonly percent: number;
  readonly dimension: Dimension;
  readonly text: string;
}

/** Limits that start anew after hours: those of a minute are over before a notification is read. */
const lasting: ReadonlySet<Dimension> = new Set(['tokensPerDay', 'fiveHour', 'sevenDay']);

/**
 * Tells when a share of a limit is passed. What was so when the window first looked is not told: the status bar says it,
 * and nothing has happened.
 */
export class LimitAlarms {
  /** The share of each limit at the last look. */
  readonly #before = new Map<string, number>();
  readonly #plans = new Set<string>();

  /** @param thresholds shares, in percent. */
  take({ status, planId }: EngineSnapshot, thresholds: readonly number[], now: number): LimitAlarm[] {
    const isFirstLook = !this.#plans.has(planId);
    this.#plans.add(planId);
    return status.limits.flatMap((limit) => {
      if (!lasting.has(limit.dimension)) return [];
      const name = limitKey(planId, limit);
      const before = isFirstLook ? limit.percentage : (this.#before.get(name) ?? 0);
      this.#before.set(name, limit.percentage);
      // Of several that are passed at once the highest says it all.
      const passed = thresholds.filter((percent) => before < percent && limit.percentage >= percent);
      if (passed.length === 0 || limit.resetsAt === undefined) return [];
      return [alarm(toldKey(planId, limit), limit, Math.max(...passed), limit.resetsAt, now)];
    });
  }
}

function alarm(name: string, limit: LimitStatus, percent: number, resetsAt: number, now: number): LimitAlarm {
  const { label } = summarizeLimit(limit, 100, now);
  const anew = formatCountdown(Math.max(0, resetsAt - now));
  const text =
    percent >= 100
      ? `${label}: all of it is used. Agents are refused until it starts anew in ${anew}.`
      : `${label}: ${percent}% is used. It starts anew in ${anew}.`;
  return { ...periodOf(`${percent}% ${name}`, resetsAt), percent, dimension: limit.dimension, text };
}
