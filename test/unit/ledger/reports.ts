import type { LimitReport, ReportedLimit } from '../../../src/core/admission.ts';
import type { PlanWindow } from '../../../src/core/planWindow.ts';

/** An answer that says nothing of limits but what is given. */
export function report(more: Partial<LimitReport> = {}): LimitReport {
  return { limits: [], retryAfterMs: undefined, limited: false, model: undefined, windows: [], ...more };
}

/** One reported limit; nothing of it is used unless said. */
export function reported(dimension: ReportedLimit['dimension'], limit: number, remaining = limit): ReportedLimit {
  return { dimension, limit, remaining, resetsAt: undefined };
}

/** A subscription's window of which so much is used (0 to 1), until a moment. */
export function windowReport(utilization: number, resetsAt: number, more: Partial<PlanWindow> = {}): PlanWindow {
  return { name: 'fiveHour', utilization, resetsAt, rejected: false, reportedAt: 0, ...more };
}
