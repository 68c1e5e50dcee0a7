const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;

/**
 * A moment of the next days as a local clock shows it: 14:05, or Thu 14:05 when it is not today.
 * @param at @param now milliseconds since the epoch.
 */
export function clockTime(at: number, now: number): string {
  const date = new Date(at);
  const pad = (part: number): string => String(part).padStart(2, '0');
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  return date.toDateString() === new Date(now).toDateString() ? time : `${days[date.getDay()] ?? ''} ${time}`;
}
