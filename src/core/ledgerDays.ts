import type { Ledger } from './ledger.ts';
import { calendarDay } from './calendarDay.ts';
import { historyDays, hourMs, lastDays } from './historySteps.ts';
import { addUsage } from './usage.ts';
import type { UsageDetail, UsageSum } from './usageSum.ts';

/** Days whose hours are told apart: those that a week touches. */
const hourlyDays = 9;
/** What is booked may be in the ledger so much later, in milliseconds: until then an hour is not over. */
const lateMs = 30_000;

/** What the ledger says of the last days. What is over is read once, so that a history that is open costs little. */
export class LedgerDays {
  readonly #ledger: Pick<Ledger, 'usage'>;
  readonly #detail: UsageDetail;
  /** Whole days by their beginning, in hours of late and in one sum before. */
  readonly #whole = new Map<number, readonly UsageSum[]>();
  #today: { readonly startsAt: number; readonly until: number; readonly sums: readonly UsageSum[] } | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(ledger: Pick<Ledger, 'usage'>, detail: UsageDetail) {
    this.#ledger = ledger;
    this.#detail = detail;
  }

  /** Sums by hour within the last days, and by day before that; each one's `at` is where its hour or day begins. */
  sums(now: number): Promise<readonly UsageSum[]> {
    const reading = this.#reading.then(() => this.#readAll(now));
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  #read(from: number, to: number): Promise<readonly UsageSum[]> {
    return this.#ledger.usage(from, to, hourMs, this.#detail);
  }

  async #readAll(now: number): Promise<readonly UsageSum[]> {
    const starts = lastDays(historyDays, now);
    for (const known of this.#whole.keys()) if (!starts.includes(known)) this.#whole.delete(known);
    const today = starts.at(-1) ?? now;
    for (const [index, startsAt] of starts.entries()) {
      const isHourly = starts.length - index <= hourlyDays;
      const { endsAt } = calendarDay(startsAt);
      const known = this.#whole.get(startsAt);
      if (startsAt === today || known !== undefined) {
        if (known !== undefined && !isHourly) this.#whole.set(startsAt, inOneStep(known, startsAt));
        continue;
      }
      const sums = await this.#read(startsAt, endsAt);
      const kept = isHourly ? sums : inOneStep(sums, startsAt);
      this.#whole.set(startsAt, kept);
    }
    const open = await this.#readToday(today, now);
    const all = [...starts.flatMap((startsAt) => this.#whole.get(startsAt) ?? []), ...open];
    // Yesterday may still be written to: it is read again the next time.
    if (now - lateMs < today) this.#whole.delete(starts.at(-2) ?? today);
    return all;
  }

  async #readToday(startsAt: number, now: number): Promise<readonly UsageSum[]> {
    const known = this.#today?.startsAt === startsAt ? this.#today : { startsAt, until: startsAt, sums: [] };
    const over = startsAt + Math.max(0, Math.floor((now - lateMs - startsAt) / hourMs)) * hourMs;
    let { sums } = known;
    if (over > known.until) sums = [...sums, ...(await this.#read(known.until, over))];
    const until = Math.max(known.until, over);
    this.#today = { startsAt, until, sums };
    return [...sums, ...(await this.#read(until, now + 1))];
  }
}

/** Sums of what differs in time alone. */
export function inOneStep(sums: readonly UsageSum[], at: number): readonly UsageSum[] {
  const found = new Map<string, UsageSum>();
  for (const sum of sums) {
    const key = JSON.stringify([sum.planId, sum.agentId, sum.sessionId, sum.model, sum.isLong]);
    const known = found.get(key);
    found.set(
      key,
      known === undefined
        ? { ...sum, at }
        : { ...known, requests: known.requests + sum.requests, usage: addUsage(known.usage, sum.usage) },
    );
  }
  return found.size === sums.length && sums.every((sum) => sum.at === at) ? sums : [...found.values()];
}
