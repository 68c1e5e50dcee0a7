import type { HistoryAmount, HistoryOrigin } from '../shared/usageHistory.ts';
import type { ElsewhereSum } from './elsewhereSum.ts';
import { countsFor } from './quotaTerms.ts';
import { costOf, type TokenPrices } from './tokenPrices.ts';
import type { Usage } from './usage.ts';
import type { UsageSum } from './usageSum.ts';

/** An amount of use and whose it is: what histories are made of. */
export interface HistoryPart {
  /** A moment of the step that it is of, in milliseconds since the epoch. */
  readonly at: number;
  readonly origin: HistoryOrigin;
  /** Whether it is on the plan that holds now; of what was used elsewhere nobody knows, and it counts as such. */
  readonly isOwn: boolean;
  /** The agent's name; of what was used elsewhere the project. */
  readonly owner: string;
  /** Undefined where sessions are not told apart. */
  readonly sessionId: string | undefined;
  readonly model: string | undefined;
  readonly amount: HistoryAmount;
}

/** @param origin whose ledger it is of: this machine's, or other machines'. */
export function partOfLedger(
  sum: UsageSum,
  planId: string,
  prices: TokenPrices | undefined,
  origin: 'quota' | 'machines' = 'quota',
): HistoryPart {
  const { at, agentId, sessionId, model } = sum;
  const whose = { origin, isOwn: countsFor(sum.planId, planId), owner: agentId, sessionId, model } as const;
  return { at, ...whose, amount: amountOf({ ...sum, isFast: false }, prices) };
}

export function partElsewhere(sum: ElsewhereSum, prices: TokenPrices | undefined): HistoryPart {
  const { at, project, sessionId, model } = sum;
  const whose = { origin: 'elsewhere', isOwn: true, owner: project, sessionId, model } as const;
  return { at, ...whose, amount: amountOf(sum, prices) };
}

function amountOf(
  sum: Parameters<typeof costOf>[0] & { readonly requests: number; readonly usage: Usage },
  prices: TokenPrices | undefined,
): HistoryAmount {
  const { usage, requests } = sum;
  return {
    requests,
    inputTokens: usage.inputTokens,
    cacheWriteTokens: usage.cacheCreation5mTokens + usage.cacheCreation1hTokens,
    cacheReadTokens: usage.cacheReadTokens,
    outputTokens: usage.outputTokens,
    cost: costOf(sum, prices),
  };
}
