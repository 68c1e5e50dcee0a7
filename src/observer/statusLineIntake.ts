import * as z from 'zod';
import type { LimitReport } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import type { LedgerView } from '../core/ledger.ts';
import type { PlanWindow } from '../core/planWindow.ts';
import type { LimitStatus } from '../shared/limitStatus.ts';
import type { LiveSession } from '../core/session.ts';
import type { IntakeHandler } from './observerIntake.ts';

const nothingReported = { limits: [], retryAfterMs: undefined, limited: false, model: undefined } as const;
/** No window is longer than a week: a later reset is not what it is taken for. */
const longestWindowSeconds = 30 * 24 * 3600;

/** Source: Claude Code documentation, "Status line" › "Available data". */
const windowSchema = z.object({
  used_percentage: z.number().min(0).max(10_000),
  /** Seconds since the epoch. */
  resets_at: z.number().positive(),
});
const limitsSchema = z.object({
  rate_limits: z.object({
    five_hour: windowSchema.optional().catch(undefined),
    seven_day: windowSchema.optional().catch(undefined),
  }),
});
const windowNames = { fiveHour: 'five_hour', sevenDay: 'seven_day' } as const;

/** What a status line is served with. */
export interface StatusLineParts {
  readonly observe: (report: LimitReport, sessionId: string) => Promise<void>;
  /** With the limits of the session's account. */
  readonly view: (sessionId: string) => Promise<LedgerView>;
  readonly clock: Clock;
}

/**
 * Takes in the plan's windows as Claude Code tells them to its status line, and answers with a line of ours.
 *
 * A report is as old as the answer that it was read from, which the status line does not tell, and an idle agent repeats
 * its old one. Only what differs from the session's last report is news.
 */
export function statusLineIntake({ observe, view, clock }: StatusLineParts): IntakeHandler {
  const last = new Map<string, PlanWindow>();
  return async ({ sessionId, agentId, planId }, body) => {
    const windows = readWindows(body, clock.now());
    const known = await view(sessionId);
    const news = windows.filter((window) => {
      // Of another account all is news.
      const key = `${sessionId} ${planId} ${window.name}`;
      const before = last.get(key);
      last.set(key, window);
      if (before?.utilization === window.utilization && before.resetsAt === window.resetsAt) return false;
      const limit = known.status.limits.find(({ dimension }) => dimension === window.name);
      return limit === undefined || isNewer(window, before, limit);
    });
    forgetEnded(last, known.sessions);
    if (news.length > 0) await observe({ ...nothingReported, windows: news }, sessionId);
    return { text: statusText({ sessionId, agentId }, news.length > 0 ? await view(sessionId) : known) };
  };
}

/** @param now milliseconds since the epoch. */
export function readWindows(body: unknown, now: number): PlanWindow[] {
  const parsed = limitsSchema.safeParse(body);
  if (!parsed.success) return [];
  const windows: PlanWindow[] = [];
  for (const name of ['fiveHour', 'sevenDay'] as const) {
    const told = parsed.data.rate_limits[windowNames[name]];
    if (told === undefined || told.resets_at > now / 1000 + longestWindowSeconds) continue;
    const resetsAt = told.resets_at * 1000;
    windows.push({ name, utilization: told.used_percentage / 100, resetsAt, rejected: false, reportedAt: now });
  }
  return windows;
}

/** Resets are told in whole seconds by one source and in fractions by another, in milliseconds. */
const sameResetMs = 60_000;

/**
 * Whether no other agent has told later news of the window: one that resets later is a newer one, and within one window
 * what is used only grows, unless the agent that told of more takes it back.
 * @param before what the same session told last.
 */
function isNewer(window: PlanWindow, before: PlanWindow | undefined, known: LimitStatus): boolean {
  const knownReset = known.resetsAt ?? 0;
  if (Math.abs(knownReset - window.resetsAt) >= sameResetMs) return window.resetsAt > knownReset;
  const told = Math.max(window.utilization, before?.utilization ?? 0);
  // Percentages have been through a division.
  return told * 100 >= known.percentage - 1e-6;
}

function forgetEnded(last: Map<string, PlanWindow>, sessions: readonly LiveSession[]): void {
  const live = new Set(sessions.map(({ sessionId }) => sessionId));
  for (const key of last.keys()) if (!live.has(key.split(' ')[0] ?? '')) last.delete(key);
}

/** `reviewer · 5h 42 % · 7d 13 %`, and what the agent waits for. */
function statusText(
  { sessionId, agentId }: Pick<LiveSession, 'sessionId' | 'agentId'>,
  { status, activity }: LedgerView,
): string {
  const percent = (dimension: LimitStatus['dimension'], name: string): string[] =>
    status.limits
      .filter((limit) => limit.dimension === dimension && limit.models === undefined)
      .map(({ percentage }) => `${name} ${Math.round(percentage)} %`);
  const waits = (activity.get(sessionId)?.waitingRequests ?? 0) > 0;
  return [
    agentId,
    ...percent('fiveHour', '5h'),
    ...percent('sevenDay', '7d'),
    ...percent('tokensPerDay', 'day'),
    ...(waits ? [waitingText(status.limits, status.pausedUntil)] : []),
  ].join(' · ');
}

function waitingText(limits: readonly LimitStatus[], pausedUntil: number | undefined): string {
  const closed = limits.filter(
    ({ dimension, percentage }) => (dimension === 'fiveHour' || dimension === 'sevenDay') && percentage >= 100,
  );
  const until = Math.max(0, pausedUntil ?? 0, ...closed.map(({ resetsAt }) => resetsAt ?? 0));
  if (until === 0) return 'waits for quota';
  return `waits until ${new Date(until).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}`;
}
