import type { HistorySpan } from '../shared/usageHistory.ts';
import { calendarDay } from './calendarDay.ts';

/** Local days that a history reaches back, with today. */
export const historyDays = 90;
export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;

/** Where the last local days began, oldest first, with today. */
export function lastDays(count: number, now: number): number[] {
  const starts: number[] = [];
  for (let at = now; starts.length < count;) {
    const { startsAt } = calendarDay(at);
    starts.unshift(startsAt);
    at = startsAt - 1;
  }
  return starts;
}

/** Where the steps of a span begin, in order; the last is under way. Hours are those of the local clock. */
export function historySteps(span: HistorySpan, now: number): number[] {
  if (span === 'quarter') return lastDays(historyDays, now);
  const stepMs = span === 'hour' ? minuteMs : hourMs;
  const count = { hour: 60, day: 24, week: 168 }[span];
  const { startsAt } = calendarDay(now);
  const last = startsAt + Math.floor((now - startsAt) / stepMs) * stepMs;
  return Array.from({ length: count }, (_, index) => last - (count - 1 - index) * stepMs);
}
