/** Amounts as people read them. Every surface uses these, so that no two show the same number differently. */

const units = ['', 'k', 'M', 'G', 'T'] as const;

/** 999, 1.2k, 12.3k, 123k, 1.2M: three figures at most. */
export function formatCount(count: number): string {
  let rest = Math.max(0, Math.round(count));
  let unit = 0;
  while (rounded(rest) >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${rounded(rest)}${units[unit] ?? ''}`;
}

function rounded(value: number): number {
  return value < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}

/** Rounded down, so that 100% is never shown before it is reached; what is used but below one is <1%. */
export function formatPercentage(percentage: number): string {
  return percentage > 0 && percentage < 1 ? '<1%' : `${Math.max(0, Math.floor(percentage))}%`;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A time still to go: 42 s, 3 min, 2 h 5 min, 3 d 4 h. Rounded up, so that nothing is promised too early. */
export function formatCountdown(ms: number): string {
  if (ms <= minute - second) return `${Math.max(1, Math.ceil(ms / second))} s`;
  return hoursAndMinutes(Math.ceil(ms / minute) * minute);
}

/** A time gone by, to the minute: under 1 min, 3 min, 2 h 5 min, 3 d 4 h. */
export function formatAge(ms: number): string {
  return ms < minute ? 'under 1 min' : hoursAndMinutes(Math.floor(ms / minute) * minute);
}

/** A time gone by where there is hardly room: 3m, 2h, 4d. */
export function formatShortAge(ms: number): string {
  return short(ms, Math.floor);
}

/** A time still to go where there is hardly room, rounded up: 3m, 2h, 4d. */
export function formatShortCountdown(ms: number): string {
  return short(ms, Math.ceil);
}

function short(ms: number, round: (value: number) => number): string {
  const minutes = round(ms / minute);
  if (minutes < 60) return `${Math.max(1, minutes)}m`;
  const hours = round(ms / hour);
  return hours < 24 ? `${hours}h` : `${round(ms / day)}d`;
}

function hoursAndMinutes(ms: number): string {
  if (ms < hour) return `${ms / minute} min`;
  if (ms < day) return joined(Math.floor(ms / hour), 'h', Math.floor((ms % hour) / minute), 'min');
  return joined(Math.floor(ms / day), 'd', Math.floor((ms % day) / hour), 'h');
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** "1 session", "2 sessions". */
export function formatNumberOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
