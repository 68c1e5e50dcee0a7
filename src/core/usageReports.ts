import type { Cost, HistoryQuery, UsageHistory } from '../shared/usageHistory.ts';
import { pricesOf } from './batchUsage.ts';
import type { Clock } from './clock.ts';
import type { ElsewhereUsage } from './elsewhereSum.ts';
import type { Ledger } from './ledger.ts';
import type { Logger } from './logger.ts';
import type { Plan } from './plan.ts';
import { noReporting, type Reporting } from './reporting.ts';
import type { LiveSession } from './session.ts';
import { SessionCosts } from './sessionCosts.ts';
import type { TokenPrices } from './tokenPrices.ts';
import { UsageHistorian } from './usageHistorian.ts';

/** Transcripts as whoever reports wants them. */
export interface Transcripts extends ElsewhereUsage {
  /** Whether they may be read. When they may, it begins at once. */
  allow(allowed: boolean): Promise<void>;
  giveUp(): void;
}

/** What reports are made of. */
export interface UsageReportParts {
  readonly ledger: Pick<Ledger, 'usage' | 'usageOfOthers'>;
  readonly transcripts: Transcripts;
  /** @throws where they cannot be had. */
  readonly listPrices: () => TokenPrices | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Between two looks at what sessions cost, in milliseconds. */
const costsEveryMs = 5000;

/** What was used over time and what it costs, as the user wants to be told. */
export class UsageReports {
  readonly #parts: UsageReportParts;
  readonly #historian: UsageHistorian;
  readonly #costs: SessionCosts;
  #reporting = noReporting;
  #listPrices: { readonly known: TokenPrices | undefined } | undefined;
  #lookedAt = -Infinity;
  #looking = false;

  constructor(parts: UsageReportParts) {
    this.#parts = parts;
    const { ledger, transcripts, clock } = parts;
    this.#historian = new UsageHistorian({ ledger, clock, elsewhere: transcripts, prices: () => this.prices });
    this.#costs = new SessionCosts(ledger);
  }

  configure(reporting: Reporting): void {
    this.#reporting = reporting;
    this.#parts.transcripts.allow(reporting.transcripts).catch((error: unknown) => {
      this.#parts.logger.warn(`The reading of transcripts could not be ended (${String(error)}).`);
    });
  }

  /** The user's, and those of the lists; these are read when they are wanted first. */
  get prices(): TokenPrices {
    this.#listPrices ??= { known: this.#readListPrices() };
    return pricesOf(this.#reporting.prices, this.#listPrices.known);
  }

  history(query: HistoryQuery, plan: Plan, planId: string): Promise<UsageHistory> {
    return this.#historian.history(query, plan, planId);
  }

  stopReadingTranscripts(): void {
    this.#parts.transcripts.giveUp();
  }

  /** What a live session has cost, some seconds ago; undefined when that is not known yet. */
  costOf(sessionId: string): Cost | undefined {
    return this.#costs.of(sessionId);
  }

  /** Looks at what sessions cost, unless it has just done so. */
  look(sessions: readonly LiveSession[]): void {
    const { clock, logger } = this.#parts;
    const now = clock.now();
    if (this.#looking || Math.abs(now - this.#lookedAt) < costsEveryMs) return;
    this.#looking = true;
    this.#costs
      .look(sessions, this.prices, now)
      .catch((error: unknown) => {
        logger.warn(`What sessions cost could not be read (${String(error)}).`);
      })
      .finally(() => {
        this.#looking = false;
        this.#lookedAt = clock.now();
      });
  }

  #readListPrices(): TokenPrices | undefined {
    try {
      return this.#parts.listPrices();
    } catch (error) {
      this.#parts.logger.warn(`The price list cannot be read (${String(error)}).`);
      return undefined;
    }
  }
}
