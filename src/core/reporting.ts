import { type PriceRule } from './priceRules.ts';

/** What the user wants to be told of usage, here and elsewhere. */
export interface Reporting {
  /** Whether Claude Code's transcripts may be read. */
  readonly transcripts: boolean;
  readonly prices: readonly PriceRule[];
}

export const noReporting: Reporting = { transcripts: false, prices: [] };
