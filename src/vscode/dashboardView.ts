import type { Problem } from '../core/credentials.ts';
import type { EngineSnapshot } from '../core/quotaEngine.ts';
import { totalTokens } from '../core/usage.ts';
import { formatAge, formatCount, formatNumberOf } from '../shared/amounts.ts';
import type {
  DashboardEvent,
  DashboardGauge,
  DashboardNote,
  DashboardParts,
  DashboardRow,
} from '../shared/dashboardParts.ts';
import type { LimitProjection } from '../shared/limitProjection.ts';
import { decidingPart, type LimitStatus } from '../shared/limitStatus.ts';
import { summarizeLimit } from '../shared/limitSummary.ts';
import { paceText } from '../shared/paceText.ts';
import { planName } from '../shared/planName.ts';
import { dashboardSessionRow, dashboardWaitingRow } from './dashboardRows.ts';
import { type EngineState, newestSnapshot } from './engineState.ts';
import { ownPartText, sharedText } from './sharedText.ts';

/** All that the dashboard shows of now. */
export interface DashboardView {
  readonly parts: DashboardParts;
  readonly rows: readonly DashboardRow[];
}

/** What the dashboard is made of. */
export interface DashboardSources {
  readonly state: EngineState;
  /** The newest first. */
  readonly events: readonly DashboardEvent[];
  /** See `RowContext`. */
  readonly inTerminals: ReadonlySet<string>;
  readonly warnAtPercent: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function dashboardView({ state, events, inTerminals, warnAtPercent, now }: DashboardSources): DashboardView {
  const snapshot = newestSnapshot(state);
  const notes = [...engineNotes(state), ...(snapshot === undefined ? [] : snapshotNotes(snapshot, now))];
  if (snapshot === undefined) {
    return { parts: { summary: '', notes, gauges: [], events: [...events], live: false }, rows: [] };
  }
  const live = state.kind === 'running';
  const costs = snapshot.plan.kind === 'ApiKey' ? 'billed' : 'api-equivalent';
  const context = { snapshot, costs, inTerminals, now } as const;
  return {
    parts: {
      summary: summary(snapshot, live, now),
      notes,
      gauges: snapshot.status.limits.map((limit) => gaugeOf(limit, snapshot.projections, warnAtPercent, now)),
      events: [...events],
      live,
    },
    rows: [
      ...snapshot.sessions.map((record) => dashboardSessionRow(record, context)),
      ...snapshot.line.map((place) => dashboardWaitingRow(place, now)),
    ],
  };
}

function gaugeOf(
  limit: LimitStatus,
  projections: readonly LimitProjection[],
  warnAtPercent: number,
  now: number,
): DashboardGauge {
  const projection = projections.find(
    ({ dimension, models }) => dimension === limit.dimension && models === limit.models,
  );
  return {
    ...summarizeLimit(limit, warnAtPercent, now),
    ...(projection !== undefined && { pace: paceOf(limit, projection, now) }),
  };
}

const outlookLevels = { reached: 'error', likely: 'error', possible: 'warning', unlikely: 'normal' } as const;

function paceOf(limit: LimitStatus, projection: LimitProjection, now: number): DashboardGauge['pace'] {
  const hours = Math.max(0, projection.resetsAt - now) / 3_600_000;
  return {
    text: paceText(projection, now),
    projected: limit.percentage + ((projection.perHour * hours) / decidingPart(limit).limit) * 100,
    level: outlookLevels[projection.outlook],
  };
}

function summary(snapshot: EngineSnapshot, live: boolean, now: number): string {
  const parts = [
    `Plan: ${planName(snapshot.plan.kind)}`,
    `${formatCount(totalTokens(snapshot.usedToday))} tokens used today, cache reads included`,
    ...(live ? [`${formatCount(snapshot.tokensPerMinute)} a minute now`] : []),
    formatNumberOf(snapshot.sessions.length, 'session'),
  ];
  if (!live) parts.push(`as of ${formatAge(now - snapshot.at)} ago`);
  return parts.join(' · ');
}

function engineNotes(state: EngineState): DashboardNote[] {
  switch (state.kind) {
    case 'starting':
      return [{ id: 'starting', level: 'information', message: 'The quota engine is starting.', nextStep: '' }];
    case 'running':
      return [];
    case 'stopped':
      return [problemNote(state.problem)];
  }
}

function snapshotNotes(snapshot: EngineSnapshot, now: number): DashboardNote[] {
  return [...snapshot.health.problems.map(problemNote), ...sharedNotes(snapshot, now)];
}

/** Of a quota that other machines share: the whole and this machine's part, and when it cannot be known. */
function sharedNotes(snapshot: EngineSnapshot, now: number): DashboardNote[] {
  const away = sharedText(snapshot.shared, now);
  const part = ownPartText(snapshot);
  const nextStep = 'The view Agent Sessions lists each machine.';
  return [
    ...(away === undefined ? [] : [{ id: 'shared-away', level: 'warning', ...away } as const]),
    ...(part === undefined ? [] : [{ id: 'shared', level: 'information', message: part, nextStep } as const]),
  ];
}

function problemNote({ code, severity, message, nextStep }: Problem): DashboardNote {
  return { id: `${code} ${message}`, level: severity, message, nextStep };
}
