import { type OtherMachinesState } from '../shared/usageHistory.ts';
import { historyDays, hourMs, lastDays } from './historySteps.ts';
import { type Ledger } from './ledger.ts';
import { SharedQuotaError } from './sharedQuota.ts';
import { type UsageDetail, type UsageSum } from './usageSum.ts';

/**
 * Parts of the last days, by how many days ago each ends, and how old what is known of it may get, in milliseconds.
 * Usage of a machine that was cut off comes late, hours sometimes, so that no part is ever done with.
 */
const parts = [
  { daysAgo: 8, freshForMs: hourMs },
  { daysAgo: 0, freshForMs: 5 * 60_000 },
  { daysAgo: -1, freshForMs: 0 },
] as const;

interface KnownPart {
  readonly from: number;
  readonly readAt: number;
  readonly sums: readonly UsageSum[];
}

/** What other machines that share a plan used, read from the shared ledger no oftener than it is likely to have changed. */
export class OthersUsage {
  readonly #ledger: Pick<Ledger, 'usageOfOthers'>;
  readonly #detail: UsageDetail;
  #planId: string | undefined;
  #known: (KnownPart | undefined)[] = [];
  #state: OtherMachinesState = { kind: 'none' };
  #reading: Promise<unknown> = Promise.resolve();

  constructor(ledger: Pick<Ledger, 'usageOfOthers'>, detail: UsageDetail) {
    this.#ledger = ledger;
    this.#detail = detail;
  }

  /** Of the last answer. */
  get state(): OtherMachinesState {
    return this.#state;
  }

  /** Sums by the hour of the last days; what was known before while the shared ledger is away. */
  sums(planId: string, now: number): Promise<readonly UsageSum[]> {
    const reading = this.#reading.then(() => this.#readAll(planId, now));
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  /** Sums in smaller steps; nothing while the shared ledger is away. */
  async stepped(planId: string, from: number, to: number, stepMs: number): Promise<readonly UsageSum[]> {
    return (await this.#ask(planId, from, to, stepMs)) ?? [];
  }

  async #readAll(planId: string, now: number): Promise<readonly UsageSum[]> {
    if (this.#planId !== planId) this.#known = [];
    this.#planId = planId;
    const days = lastDays(historyDays, now);
    let [from = now] = days;
    for (const [index, { daysAgo, freshForMs }] of parts.entries()) {
      const to = daysAgo < 0 ? now + 1 : (days.at(-1 - daysAgo) ?? now);
      const known = this.#known[index];
      const isFresh = known?.from === from && Math.abs(now - known.readAt) < freshForMs;
      const sums = isFresh ? undefined : await this.#ask(planId, from, to, hourMs);
      if (sums !== undefined) this.#known[index] = { from, readAt: now, sums };
      from = to;
    }
    return this.#known.flatMap((known) => known?.sums ?? []);
  }

  async #ask(planId: string, from: number, to: number, stepMs: number): Promise<readonly UsageSum[] | undefined> {
    if (this.#ledger.usageOfOthers === undefined) return undefined;
    try {
      const sums = await this.#ledger.usageOfOthers(planId, from, to, stepMs, this.#detail);
      this.#state = { kind: 'known' };
      return sums;
    } catch (error) {
      if (!(error instanceof SharedQuotaError)) throw error;
      this.#state = { kind: 'away', reason: error.message };
      return undefined;
    }
  }
}
