import { type Problem } from '../core/credentials.ts';
import { type AgentRecord, type EngineSnapshot, type LinePlace } from '../core/quotaEngine.ts';
import { totalTokens } from '../core/usage.ts';
import { type DashboardNote, type DashboardRow, type DashboardView } from '../shared/dashboardMessages.ts';
import { formatAge, formatCount, formatCountdown, formatNumberOf } from '../shared/amounts.ts';
import { type EngineState, newestSnapshot } from './engineState.ts';
import { summarizeLimit } from '../shared/limitSummary.ts';
import { planName } from '../shared/planName.ts';
import { sessionActivity } from '../shared/sessionActivity.ts';
import { tokensByKind } from './sessionDetails.ts';

/** All that the details page shows, in words. */
export function dashboardView(state: EngineState, warnAtPercent: number, now: number): DashboardView {
  const snapshot = newestSnapshot(state);
  const notes = [...engineNotes(state), ...(snapshot === undefined ? [] : snapshotNotes(snapshot, now))];
  if (snapshot === undefined) return { summary: '', notes, gauges: [], rows: [], live: false };
  const live = state.kind === 'running';
  return {
    summary: summary(snapshot, live, now),
    notes,
    gauges: snapshot.status.limits.map((limit) => summarizeLimit(limit, warnAtPercent, now)),
    rows: [
      ...snapshot.sessions.map((record) => sessionDetails(record, now)),
      ...snapshot.line.map((place) => waitingDetails(place, now)),
    ],
    live,
  };
}

function summary(snapshot: EngineSnapshot, live: boolean, now: number): string {
  const parts = [
    `Plan: ${planName(snapshot.plan.kind)}`,
    `${formatCount(totalTokens(snapshot.usedToday))} tokens used today, cache reads included`,
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
  const notes = snapshot.health.problems.map(problemNote);
  const { pausedUntil } = snapshot.status;
  if (pausedUntil !== undefined && pausedUntil > now) {
    const message = `The API asked for a pause: requests go on in ${formatCountdown(pausedUntil - now)}.`;
    notes.push({ id: 'paused', level: 'warning', message, nextStep: 'Nothing is lost: they wait in line.' });
  }
  if (snapshot.ledger.kind === 'memory') {
    const message = `Only this window's agents are counted, and only until it closes: ${snapshot.ledger.reason}`;
    notes.push({ id: 'memory', level: 'warning', message, nextStep: 'Run agents from one window only.' });
  }
  return notes;
}

function problemNote({ code, severity, message, nextStep }: Problem): DashboardNote {
  return { id: `${code} ${message}`, level: severity, message, nextStep };
}

function sessionDetails(record: AgentRecord, now: number): DashboardRow {
  const activity = sessionActivity(record);
  return {
    id: record.sessionId,
    kind: 'session',
    agent: record.agentId,
    activity,
    state: activity === 'unauthenticated' ? 'without quota' : activity,
    tokens: formatCount(totalTokens(record.usage)),
    tokensDetail: tokensByKind(record.usage),
    requests: formatCount(record.requests),
    age: formatAge(now - record.createdAt),
    workspace: record.workspace,
  };
}

function waitingDetails(place: LinePlace, now: number): DashboardRow {
  return {
    id: place.ticket,
    kind: 'waiting',
    agent: place.agentId,
    activity: 'waiting',
    state: `waiting, place ${place.place}`,
    tokens: '',
    tokensDetail: '',
    requests: '',
    age: formatAge(now - place.waitingSince),
    workspace: '',
  };
}
