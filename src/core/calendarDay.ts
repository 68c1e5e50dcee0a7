/** A local calendar day. */
export interface CalendarDay {
  /** `YYYY-MM-DD`. */
  readonly key: string;
  /** The local midnight that it began with, in milliseconds since the epoch. */
  readonly startsAt: number;
  /** The next local midnight, in milliseconds since the epoch; 23 or 25 hours after the last where the clocks change. */
  readonly endsAt: number;
}

/** The local day that a moment belongs to. @param at milliseconds since the epoch. */
export function calendarDay(at: number): CalendarDay {
  const moment = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    key: `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`,
    startsAt: new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime(),
    endsAt: new Date(moment.getFullYear(), moment.getMonth(), moment.getDate() + 1).getTime(),
  };
}
