import type { LimitReport } from '../core/admission.ts';
import type { Logger } from '../core/logger.ts';
import type { MonotonicClock } from '../core/monotonicClock.ts';
import { withReported, type PlanWindow } from '../core/planWindow.ts';
import { SharedQuotaError, type SharedQuota } from '../core/sharedQuota.ts';

/** Between two reports of a scope of which the second changes nothing that others go by, in milliseconds. */
const betweenMs = 1000;
/** Windows that differ by less say the same: in parts of the window, and in milliseconds. */
const sameUtilization = 0.005;
const sameResetMs = 60_000;

/** What was said of a scope. */
interface Said extends Pick<LimitReport, 'limits' | 'windows'> {
  /** By the monotonic clock, the last time. */
  readonly at: number;
}

/** What of a scope waits to be said. */
interface Unsaid {
  report: LimitReport;
  readonly cancel: () => void;
  readonly say: () => Promise<void>;
}

export interface ReportSenderParts {
  readonly shared: SharedQuota;
  readonly clock: MonotonicClock;
  readonly logger: Logger;
}

/**
 * Tells the shared ledger what the upstream says of limits: every answer has a report, and few change anything. What
 * others go by is told at once: other limits, windows, pauses and refusals; the rest at most once a second for each
 * scope, the newest of what there was.
 */
export class ReportSender {
  readonly #parts: ReportSenderParts;
  readonly #said = new Map<string, Said>();
  readonly #unsaid = new Map<string, Unsaid>();

  constructor(parts: ReportSenderParts) {
    this.#parts = parts;
  }

  /** Never rejects, and nobody waits for it. */
  send(planId: string, scopeId: string, report: LimitReport): void {
    const { clock } = this.#parts;
    const key = JSON.stringify([planId, scopeId]);
    const say = (what: LimitReport): Promise<void> => this.#say(key, planId, scopeId, what);
    const said = this.#said.get(key);
    const unsaid = this.#unsaid.get(key);
    if (isSilent(report)) {
      // With anything beside it, it would not be one.
      void say(report);
      return;
    }
    const whole = unsaid === undefined ? report : merged(unsaid.report, report);
    const waitMs = said === undefined ? 0 : said.at + betweenMs - clock.monotonic();
    if (waitMs <= 0 || said === undefined || changes(report, said)) {
      this.#drop(key);
      void say(whole);
    } else if (unsaid === undefined) {
      const next: Unsaid = {
        report: whole,
        cancel: clock.after(waitMs, () => void next.say()),
        say: () => {
          this.#drop(key);
          return say(next.report);
        },
      };
      this.#unsaid.set(key, next);
    } else unsaid.report = whole;
  }

  /** Says at once what is not said yet. */
  async flush(): Promise<void> {
    await Promise.all([...this.#unsaid.values()].map((unsaid) => unsaid.say()));
  }

  #drop(key: string): void {
    this.#unsaid.get(key)?.cancel();
    this.#unsaid.delete(key);
  }

  async #say(key: string, planId: string, scopeId: string, report: LimitReport): Promise<void> {
    const { shared, clock, logger } = this.#parts;
    const { limits, windows } = merged(this.#said.get(key) ?? { limits: [], windows: [] }, report);
    if (!isSilent(report)) this.#said.set(key, { limits, windows, at: clock.monotonic() });
    try {
      await shared.observe(planId, scopeId, report);
    } catch (error) {
      // Whatever is said next is news again.
      this.#said.delete(key);
      if (!(error instanceof SharedQuotaError)) logger.error('Limits could not be shared.', error);
    }
  }
}

/** A refusal that says nothing of limits. */
function isSilent({ limited, limits, windows }: LimitReport): boolean {
  return limited && limits.length === 0 && windows.length === 0;
}

/** A report, with what an older one says beside it. */
function merged(older: Pick<LimitReport, 'limits' | 'windows'>, newer: LimitReport): LimitReport {
  const dimensions = new Set(newer.limits.map(({ dimension }) => dimension));
  return {
    ...newer,
    limits: [...older.limits.filter(({ dimension }) => !dimensions.has(dimension)), ...newer.limits],
    windows: withReported(older.windows, newer.windows),
  };
}

/** Whether others would go by something else than before. */
function changes({ limits, windows, limited, retryAfterMs }: LimitReport, said: Said): boolean {
  if (limited || retryAfterMs !== undefined) return true;
  const isOther = windows.some((window) => {
    const known = said.windows.find(({ name }) => name === window.name);
    return known === undefined || !isSame(known, window);
  });
  return (
    isOther ||
    limits.some(({ dimension, limit }) => limit !== said.limits.find((known) => known.dimension === dimension)?.limit)
  );
}

function isSame(a: PlanWindow, b: PlanWindow): boolean {
  return (
    a.rejected === b.rejected &&
    a.utilization >= 1 === b.utilization >= 1 &&
    Math.abs(a.utilization - b.utilization) < sameUtilization &&
    Math.abs(a.resetsAt - b.resetsAt) < sameResetMs
  );
}
