import { formatCount, formatCountdown, formatNumberOf } from '../shared/amounts.ts';
import type { DashboardEvent } from '../shared/dashboardParts.ts';
import { isDimension, limitLabel } from '../shared/limitSummary.ts';
import type { EventSession, RecentEvent } from '../shared/recentEvent.ts';

/** An event as the dashboard lists it. */
export function dashboardEvent(event: RecentEvent): DashboardEvent {
  return { id: String(event.id), at: event.at, ...wording(event) };
}

function wording(event: RecentEvent): Pick<DashboardEvent, 'level' | 'text'> {
  switch (event.kind) {
    case 'waited': {
      const requests = formatNumberOf(event.requests, 'request');
      const text = `${requests} of ${nameOf(event.session)} waited up to ${formatCountdown(event.longestMs)} instead of a 429`;
      return { level: 'information', text };
    }
    case 'refused': {
      const requests = formatNumberOf(event.requests, 'request');
      return { level: 'warning', text: `${requests} of ${nameOf(event.session)} refused: ${event.why}` };
    }
    case 'limited': {
      const requests = formatNumberOf(event.requests, 'request');
      const text = `The API answered ${requests} of ${nameOf(event.session)} with ${event.status}`;
      return { level: 'warning', text };
    }
    case 'limit-changed':
      return { level: 'information', text: limitText(event) };
    case 'fault':
      return { level: 'error', text: event.message };
    case 'fault-over':
      return { level: 'information', text: `Over: ${event.message}` };
    case 'session-started':
      return { level: 'information', text: `${nameOf(event.session)} started` };
    case 'session-ended':
      return { level: 'information', text: `${nameOf(event.session)} ended` };
  }
}

function nameOf({ agentId, sessionId }: EventSession): string {
  return agentId === '' ? `session ${sessionId}` : agentId;
}

function limitText({ dimension, models, from, to }: Extract<RecentEvent, { kind: 'limit-changed' }>): string {
  const label = isDimension(dimension) ? limitLabel(dimension, models) : dimension;
  const amount = (value: number | undefined): string => (value === undefined ? 'none' : formatCount(value));
  return `${label}: the limit is ${amount(to)}, it was ${amount(from)}`;
}
