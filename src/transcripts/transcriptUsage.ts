import type { BookedRequests } from '../core/bookedRequests.ts';
import { calendarDay } from '../core/calendarDay.ts';
import { addUsage, noUsage, type Usage } from '../core/usage.ts';
import type { Counting } from './keptEntries.ts';
import type { TranscriptStore } from './transcriptStore.ts';

/** What is asked of the transcripts. */
export interface UsageQuestion {
  /** `all` when left out; see `countings`. */
  readonly counting?: Counting;
  /** An IANA name such as `Europe/Berlin`, for what a day is; the system's when left out. */
  readonly timeZone?: string;
  /** Requests that the ledger has booked, by the gateway or by telemetry: they are left out. */
  readonly booked?: BookedRequests;
  /** Nothing from before, in milliseconds since the epoch; all when left out. */
  readonly from?: number;
  /** Nothing from then on. */
  readonly to?: number;
  /** Tells steps of so many milliseconds apart, the first of which begins at `from`; days alone when left out. */
  readonly stepMs?: number;
}

/** What was used on one day in one session with one model: the parts that all totals are made of. */
export interface UsagePart {
  /** `YYYY-MM-DD` in the time zone asked for. */
  readonly day: string;
  /** When the step begins that it is of, in milliseconds since the epoch; undefined where steps are not told apart. */
  readonly at: number | undefined;
  readonly project: string;
  readonly projectPath: string;
  /** Claude Code's session; unique together with `projectPath`. */
  readonly sessionId: string;
  /** Undefined for messages that no model has written. */
  readonly model: string | undefined;
  readonly isFast: boolean;
  /** Whether the requests had more than 200,000 tokens of input each, which some models charge more for. */
  readonly isLong: boolean;
  readonly requests: number;
  readonly usage: Usage;
  /** What Claude Code itself wrote that they cost, in US dollars, in versions that did; undefined when it did not. */
  readonly costUsd: number | undefined;
}

const noneBooked: BookedRequests = { kind: 'ids', ids: new Set() };
const synthetic = '<synthetic>';

/** @returns the parts, in no order. */
export function usageParts({ sums }: TranscriptStore, question: UsageQuestion): UsagePart[] {
  const { counting = 'all', timeZone, booked = noneBooked, from, to, stepMs } = question;
  const dayOf = dayFormat(timeZone);
  const { rows, places, models } = sums.of({ counting, booked, from, to, stepMs });
  const parts = new Map<string, UsagePart>();
  for (const row of rows) {
    const day = dayOf(row.step);
    const place = places.get(row.transcriptId);
    const key = `${stepMs === undefined ? day : row.step} ${place?.placeId} ${row.modelId} ${row.isFast} ${row.isLong}`;
    const known = parts.get(key);
    if (known !== undefined) {
      parts.set(key, sumOf(known, row));
      continue;
    }
    const { project = '', projectPath = '', sessionId = '' } = place ?? {};
    const model = models.get(row.modelId);
    parts.set(key, {
      day,
      at: stepMs === undefined ? undefined : row.step,
      project,
      projectPath,
      sessionId,
      model: model === '' || model === synthetic ? undefined : model,
      isFast: row.isFast,
      isLong: row.isLong,
      requests: row.requests,
      usage: row.usage,
      costUsd: row.costUsd,
    });
  }
  return [...parts.values()];
}

/** A total of parts. */
export type UsageTotal = Pick<UsagePart, 'requests' | 'usage'>;

/** Adds parts up by what they have in common: `totalsBy(parts, ({ day }) => day)`. */
export function totalsBy<K>(parts: readonly UsagePart[], keyOf: (part: UsagePart) => K): Map<K, UsageTotal> {
  const totals = new Map<K, UsageTotal>();
  for (const part of parts) {
    const { requests, usage } = totals.get(keyOf(part)) ?? { requests: 0, usage: noUsage };
    totals.set(keyOf(part), { requests: requests + part.requests, usage: addUsage(usage, part.usage) });
  }
  return totals;
}

function sumOf(one: UsagePart, other: Pick<UsagePart, 'requests' | 'usage' | 'costUsd'>): UsagePart {
  const costs = [one.costUsd, other.costUsd].filter((cost) => cost !== undefined);
  return {
    ...one,
    requests: one.requests + other.requests,
    usage: addUsage(one.usage, other.usage),
    costUsd: costs.length === 0 ? undefined : costs.reduce((sum, cost) => sum + cost, 0),
  };
}

/** Tells days of the system's time zone without `Intl`, which takes a while. */
function dayFormat(timeZone: string | undefined): (at: number) => string {
  if (timeZone === undefined) {
    let day = calendarDay(0);
    return (at) => {
      if (at < day.startsAt || at >= day.endsAt) day = calendarDay(at);
      return day.key;
    };
  }
  // Swedish dates are those of ISO 8601.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  const days = new Map<number, string>();
  return (at) => {
    const known = days.get(at);
    if (known !== undefined) return known;
    const day = format.format(at);
    days.set(at, day);
    return day;
  };
}
