import type { HistoryQuery, UsageHistory } from '../shared/usageHistory.ts';
import type { Clock } from './clock.ts';
import type { ElsewhereUsage } from './elsewhereSum.ts';
import { partElsewhere, type HistoryPart, partOfLedger } from './historyPart.ts';
import { seriesOf } from './historySeries.ts';
import { historyDays, historySteps, hourMs, lastDays, minuteMs } from './historySteps.ts';
import { totalsOf } from './historyTotals.ts';
import type { Ledger } from './ledger.ts';
import { LedgerDays } from './ledgerDays.ts';
import { OthersUsage } from './othersUsage.ts';
import type { Plan } from './plan.ts';
import type { UsageDetail } from './usageSum.ts';
import type { TokenPrices } from './tokenPrices.ts';

/** What a historian works with. */
export interface HistorianParts {
  readonly ledger: Pick<Ledger, 'usage' | 'usageOfOthers'>;
  readonly elsewhere: ElsewhereUsage;
  readonly clock: Clock;
  readonly prices: () => TokenPrices;
}

/** Tells what was used over time, under quota and elsewhere. */
export class UsageHistorian {
  readonly #parts: HistorianParts;
  readonly #days: Readonly<Record<UsageDetail, LedgerDays>>;
  readonly #others: Readonly<Record<UsageDetail, OthersUsage>>;

  constructor(parts: HistorianParts) {
    this.#parts = parts;
    const { ledger, clock } = parts;
    this.#days = { agent: new LedgerDays(ledger, 'agent'), session: new LedgerDays(ledger, 'session') };
    this.#others = {
      agent: new OthersUsage(ledger, 'agent', clock),
      session: new OthersUsage(ledger, 'session', clock),
    };
  }

  /** @param planId the account's record that holds now. */
  async history(query: HistoryQuery, plan: Plan, planId: string): Promise<UsageHistory> {
    const { clock, elsewhere, prices } = this.#parts;
    const now = clock.now();
    const { span, by } = query;
    const detail = by === 'session' ? 'session' : 'agent';
    const known = prices();
    const [oldest = now] = lastDays(historyDays, now);
    // As it is before they are asked: what is read meanwhile may be in the next answer only.
    const transcripts = elsewhere.state;
    const outside = (await elsewhere.sums(oldest)).map((sum) => partElsewhere(sum, known));
    const own = (await this.#days[detail].sums(now)).map((sum) => partOfLedger(sum, planId, known));
    const others = this.#others[detail];
    const theirs = (await others.sums(planId, now)).map((sum) => partOfLedger(sum, planId, known, 'machines'));
    const inside = [...own, ...theirs];
    const starts = historySteps(span, now);
    const stepped = await this.#stepped(query, starts, inside, outside, planId, known);
    return {
      at: now,
      query,
      starts,
      series: seriesOf(stepped, by, starts),
      ...totalsOf([...inside, ...outside], now),
      costs: plan.kind === 'ApiKey' ? 'billed' : 'api-equivalent',
      transcripts,
      otherMachines: others.state,
    };
  }

  /** The parts in the steps of the span. */
  async #stepped(
    { span, by }: HistoryQuery,
    starts: readonly number[],
    inside: readonly HistoryPart[],
    outside: readonly HistoryPart[],
    planId: string,
    known: TokenPrices,
  ): Promise<HistoryPart[]> {
    if (span === 'quarter') return [...inside, ...outside];
    const { clock, ledger, elsewhere } = this.#parts;
    const from = starts[0] ?? clock.now();
    const stepMs = span === 'hour' ? minuteMs : hourMs;
    const others = (await elsewhere.sums(from, stepMs)).map((sum) => partElsewhere(sum, known));
    if (span !== 'hour') return [...inside, ...others];
    const detail = by === 'session' ? 'session' : 'agent';
    const to = clock.now() + 1;
    const minutes = await ledger.usage(from, to, minuteMs, detail);
    const theirs = await this.#others[detail].stepped(planId, from, to, minuteMs);
    return [
      ...minutes.map((sum) => partOfLedger(sum, planId, known)),
      ...theirs.map((sum) => partOfLedger(sum, planId, known, 'machines')),
      ...others,
    ];
  }
}
