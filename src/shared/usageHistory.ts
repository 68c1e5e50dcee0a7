/** What was used over time, as the engine answers it and the dashboard draws it. Moments are milliseconds since the epoch. */

/** The last hour by the minute, 24 hours and 7 days by the hour, 90 local days by the day. */
export const historySpans = ['hour', 'day', 'week', 'quarter'] as const;
export type HistorySpan = (typeof historySpans)[number];

export const historyGroupings = ['agent', 'model', 'session'] as const;
export type HistoryGrouping = (typeof historyGroupings)[number];

export interface HistoryQuery {
  readonly span: HistorySpan;
  readonly by: HistoryGrouping;
}

/**
 * `quota`: through Agent Quota, in the ledger. `machines`: through Agent Quota on other machines that share the plan's
 * quota. `elsewhere`: what only Claude Code's transcripts tell of; nothing of what the ledger has is in it.
 */
export const historyOrigins = ['quota', 'machines', 'elsewhere'] as const;
export type HistoryOrigin = (typeof historyOrigins)[number];

/** What tokens cost at the API's list prices, in US dollars; on a subscription what they would cost there. */
export interface Cost {
  /** Of the requests whose price is known. */
  readonly usd: number;
  /** Requests whose model has no known price; while there are any, the cost is more than `usd`. */
  readonly unpricedRequests: number;
}

/** An amount of use; the tokens do not include one another. */
export interface HistoryAmount {
  readonly requests: number;
  /** Neither read from nor written to the prompt cache. */
  readonly inputTokens: number;
  /** Written to the prompt cache, for 5 minutes or an hour. */
  readonly cacheWriteTokens: number;
  readonly cacheReadTokens: number;
  readonly outputTokens: number;
  readonly cost: Cost;
}

/** One layer of the stack, the largest first. */
export interface HistorySeries {
  readonly origin: HistoryOrigin;
  /**
   * An agent's name, a model's id or a session's id; of usage elsewhere the project in place of the agent. Undefined for
   * a model that is not known, and for the sum of all that have no layer of their own.
   */
  readonly key: string | undefined;
  /** How many are added up in it where it is the sum of the smallest; 1 otherwise. */
  readonly members: number;
  /** For a session: its agent's name; of usage elsewhere its project. */
  readonly owner?: string;
  /** Every token, cache reads included, in each of `UsageHistory.starts`. */
  readonly tokens: readonly number[];
  readonly sum: HistoryAmount;
}

/** A local calendar day. */
export interface HistoryDay extends Readonly<Record<HistoryOrigin, HistoryAmount>> {
  /** `YYYY-MM-DD`. */
  readonly day: string;
}

export const historyPeriods = ['today', 'sevenDays', 'thirtyDays', 'ninetyDays'] as const;
/** Local calendar days up to and with today. */
export type HistoryPeriod = (typeof historyPeriods)[number];

/** `quota` and `machines` are on the plan that holds now. */
export interface HistoryTotal extends Readonly<Record<HistoryOrigin, HistoryAmount>> {
  /** Through Agent Quota on other plans or accounts, by this machine; in no series and no day. */
  readonly otherPlans: HistoryAmount;
}

/** Whether what other machines used is in a history. */
export type OtherMachinesState =
  /** No machine shares the quota. */
  | { readonly kind: 'none' }
  /** It is not there yet, and comes with a later answer. */
  | { readonly kind: 'reading' }
  | { readonly kind: 'known' }
  /** The shared ledger cannot be asked now: what it said before is in it, if anything. */
  | { readonly kind: 'away'; readonly reason: string };

/** How much of Claude Code's transcripts is in a history. */
export type TranscriptState =
  /** The user does not want them read. */
  | { readonly kind: 'off' }
  /** Not all is read yet, so there is more than is shown. 0 to 1. */
  | { readonly kind: 'reading'; readonly share: number }
  /** All that was there at `at`. */
  | { readonly kind: 'read'; readonly at: number; readonly files: number; readonly unreadableFiles: number }
  | { readonly kind: 'failed'; readonly reason: string };

export interface UsageHistory {
  /** When the answer was put together. */
  readonly at: number;
  readonly query: HistoryQuery;
  /** Where each step begins, in order; the last goes on. Steps of a day are 23 or 25 hours where the clocks change. */
  readonly starts: readonly number[];
  readonly series: readonly HistorySeries[];
  /** The last 90 local days that have any, in order. */
  readonly days: readonly HistoryDay[];
  readonly totals: Readonly<Record<HistoryPeriod, HistoryTotal>>;
  /** Whether costs are those of the bill or what the API would charge: a subscription has a price of its own. */
  readonly costs: 'billed' | 'api-equivalent';
  readonly transcripts: TranscriptState;
  readonly otherMachines: OtherMachinesState;
}

export const noAmount: HistoryAmount = Object.freeze({
  requests: 0,
  inputTokens: 0,
  cacheWriteTokens: 0,
  cacheReadTokens: 0,
  outputTokens: 0,
  cost: Object.freeze({ usd: 0, unpricedRequests: 0 }),
});

/** Every token, cache reads included. */
export function amountTokens(amount: HistoryAmount): number {
  return amount.inputTokens + amount.cacheWriteTokens + amount.cacheReadTokens + amount.outputTokens;
}

export function addAmounts(a: HistoryAmount, b: HistoryAmount): HistoryAmount {
  return {
    requests: a.requests + b.requests,
    inputTokens: a.inputTokens + b.inputTokens,
    cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cost: addCosts(a.cost, b.cost),
  };
}

/** Of all origins. */
export function wholeAmount(of: Readonly<Record<HistoryOrigin, HistoryAmount>>): HistoryAmount {
  return historyOrigins.map((origin) => of[origin]).reduce(addAmounts);
}

export function addCosts(a: Cost, b: Cost): Cost {
  return { usd: a.usd + b.usd, unpricedRequests: a.unpricedRequests + b.unpricedRequests };
}
