import type { HistorySpan } from '../shared/usageHistory.ts';

const formats: Readonly<Record<HistorySpan, Intl.DateTimeFormat>> = {
  hour: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }),
  day: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }),
  week: new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: '2-digit' }),
  quarter: new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' }),
};

/** A step of a chart by the user's clock and language. @param at when it begins, in milliseconds since the epoch. */
export function stepName(at: number, span: HistorySpan): string {
  return formats[span].format(at);
}
