import type { Clock } from '../core/clock.ts';
import type { QuotaEngine } from '../core/quotaEngine.ts';
import type { UsageQuery } from '../shared/dashboardUsage.ts';
import { amountTokens, type UsageHistory } from '../shared/usageHistory.ts';
import type { Notices } from './notices.ts';

/** How old what is shown may get, in milliseconds: a chart by the minute moves faster than one by the hour. */
const freshForMs = { hour: 5000, day: 15_000, week: 30_000, quarter: 30_000 } as const;
/** Once tokens were used since: the totals stand beside what is counted live, and must not contradict it for long. */
const freshOnceUsedMs = 5000;
/** While transcripts or other machines' usage are being read, and until the first of the day is there. */
const freshWhileReadingMs = 2000;

export interface AskedUsage {
  readonly query: UsageQuery;
  readonly history: UsageHistory;
}

export interface UsageFeedParts {
  readonly engine: Pick<QuotaEngine, 'history'>;
  readonly notices: Pick<Notices, 'logged'>;
  readonly clock: Clock;
  /** The tokens used today, as they are counted live. */
  readonly usedToday: () => number;
}

/** Usage over time, asked for again when what is shown gets old. */
export class UsageFeed {
  readonly #parts: UsageFeedParts;
  readonly #answered: (usage: AskedUsage) => void;
  #query: UsageQuery | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #usedTodayThen = 0;
  #asking = false;
  #newest: AskedUsage | undefined;

  constructor(parts: UsageFeedParts, answered: (usage: AskedUsage) => void) {
    this.#parts = parts;
    this.#answered = answered;
  }

  /** The newest answer; undefined before the first. */
  get newest(): AskedUsage | undefined {
    return this.#newest;
  }

  /** Is of this from now on. */
  async show(query: UsageQuery): Promise<void> {
    this.#query = query;
    this.#askedAt = Number.NEGATIVE_INFINITY;
    await this.refresh();
  }

  /** Asks again if what is known is old. One question at a time: a slow answer is not asked for twice. */
  async refresh(): Promise<void> {
    const query = this.#query;
    if (query === undefined || this.#asking || !this.#isOld(query)) return;
    this.#askedAt = this.#parts.clock.now();
    this.#usedTodayThen = this.#parts.usedToday();
    this.#asking = true;
    try {
      const history = await this.#parts.engine.history(query);
      this.#newest = { query, history };
      this.#answered(this.#newest);
    } catch (cause) {
      this.#parts.notices.logged('fetch the usage over time', cause);
    } finally {
      this.#asking = false;
    }
    // Something else may have been asked for meanwhile.
    if (this.#query !== query) await this.refresh();
  }

  #isOld({ span }: UsageQuery): boolean {
    const age = this.#parts.clock.now() - this.#askedAt;
    // A clock that was set back must not stop the chart.
    if (age < 0) return true;
    const { transcripts, otherMachines, totals } = this.#newest?.history ?? {};
    const used = this.#parts.usedToday();
    const isFirst = totals !== undefined && used > 0 && amountTokens(totals.today.quota) === 0;
    const isReading = transcripts?.kind === 'reading' || otherMachines?.kind === 'reading';
    if (isFirst || isReading) return age >= freshWhileReadingMs;
    const hasUsed = used !== this.#usedTodayThen;
    return age >= (hasUsed ? freshOnceUsedMs : freshForMs[span]);
  }
}
