import type { OtherMachinesState } from '../shared/usageHistory.ts';
import { calendarDay } from './calendarDay.ts';
import type { Clock } from './clock.ts';
import { historyDays, hourMs, lastDays } from './historySteps.ts';
import type { Ledger } from './ledger.ts';
import { inOneStep } from './ledgerDays.ts';
import { SharedQuotaError } from './sharedQuota.ts';
import type { UsageDetail, UsageSum } from './usageSum.ts';
import { withinTime } from './withinTime.ts';

/** The longest that a history waits for the shared ledger; what is not there by then comes with the next one. */
const longestWaitMs = 1000;
/** After a failure it is not asked again for so long, in milliseconds. */
const retryMs = 30_000;
/** Days whose hours are told apart: those that a week touches. */
const hourlyDays = 9;

/**
 * A part of the last days. Usage of a machine that was cut off comes late, hours sometimes, so that no part is ever done
 * with: each is read anew when what is known of it is older than `freshForMs`.
 */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly freshForMs: number;
}

interface KnownPart extends Part {
  readonly readAt: number;
  readonly sums: readonly UsageSum[];
}

/** What other machines that share a plan used, read from the shared ledger no oftener than it is likely to have changed. */
export class OthersUsage {
  readonly #ledger: Pick<Ledger, 'usageOfOthers'>;
  readonly #detail: UsageDetail;
  readonly #clock: Clock;
  #planId: string | undefined;
  /** Read together, so that nothing is in two of them or in none. */
  #known: readonly KnownPart[] | undefined;
  #reading: Promise<void> | undefined;
  #failure: { readonly at: number; readonly reason: string } | undefined;

  constructor(ledger: Pick<Ledger, 'usageOfOthers'>, detail: UsageDetail, clock: Clock) {
    this.#ledger = ledger;
    this.#detail = detail;
    this.#clock = clock;
  }

  /** Of the last answer. */
  get state(): OtherMachinesState {
    if (this.#ledger.usageOfOthers === undefined) return { kind: 'none' };
    if (this.#failure !== undefined) return { kind: 'away', reason: this.#failure.reason };
    return { kind: this.#known === undefined ? 'reading' : 'known' };
  }

  /**
   * Sums by the hour of the last days, by the day before that; what was known before while the shared ledger is away or
   * takes long.
   */
  async sums(planId: string, now: number): Promise<readonly UsageSum[]> {
    if (this.#planId !== planId) this.#known = this.#failure = this.#reading = undefined;
    this.#planId = planId;
    this.#reading ??= this.#readAll(planId, now);
    await withinTime(this.#clock, longestWaitMs, this.#reading);
    return this.#known?.flatMap(({ sums }) => sums) ?? [];
  }

  /** Sums in smaller steps; nothing while the shared ledger is away or takes long. */
  async stepped(planId: string, from: number, to: number, stepMs: number): Promise<readonly UsageSum[]> {
    let sums: readonly UsageSum[] = [];
    const asking = this.#ask(planId, from, to, stepMs).then((found) => (sums = found ?? []));
    await withinTime(this.#clock, longestWaitMs, asking);
    return sums;
  }

  async #readAll(planId: string, now: number): Promise<void> {
    try {
      const read: KnownPart[] = [];
      for (const [index, part] of partsAt(now).entries()) {
        const known = this.#known?.[index];
        const isSame = known?.from === part.from && known.to === part.to;
        if (isSame && Math.abs(now - known.readAt) < part.freshForMs) {
          read.push(known);
          continue;
        }
        const sums = await this.#ask(planId, part.from, part.to, hourMs);
        if (sums === undefined || this.#planId !== planId) return;
        read.push({ ...part, readAt: now, sums: index === 0 ? byDay(sums) : sums });
      }
      this.#known = read;
    } finally {
      if (this.#planId === planId) this.#reading = undefined;
    }
  }

  /** @returns undefined when it cannot be asked, or could not be a moment ago. */
  async #ask(planId: string, from: number, to: number, stepMs: number): Promise<readonly UsageSum[] | undefined> {
    const now = this.#clock.now();
    if (this.#ledger.usageOfOthers === undefined) return undefined;
    if (this.#failure !== undefined && Math.abs(now - this.#failure.at) < retryMs) return undefined;
    try {
      const sums = await this.#ledger.usageOfOthers(planId, from, to, stepMs, this.#detail);
      this.#failure = undefined;
      return sums;
    } catch (error) {
      if (!(error instanceof SharedQuotaError)) throw error;
      this.#failure = { at: now, reason: error.message };
      return undefined;
    }
  }
}

/** The parts of the last days, one behind the other. */
function partsAt(now: number): Part[] {
  const days = lastDays(historyDays, now);
  const [first = now] = days;
  const hourly = days.at(-hourlyDays) ?? now;
  const today = days.at(-1) ?? now;
  const lately = Math.max(today, today + (Math.floor((now - today) / hourMs) - 1) * hourMs);
  return [
    { from: first, to: hourly, freshForMs: hourMs },
    { from: hourly, to: today, freshForMs: 5 * 60_000 },
    { from: today, to: lately, freshForMs: 5 * 60_000 },
    { from: lately, to: now + 1, freshForMs: 0 },
  ];
}

function byDay(sums: readonly UsageSum[]): readonly UsageSum[] {
  const days = Map.groupBy(sums, ({ at }) => calendarDay(at).startsAt);
  return [...days].flatMap(([startsAt, of]) => inOneStep(of, startsAt));
}
