import type { TranscriptState } from '../shared/usageHistory.ts';
import type { PricedRequests } from './tokenPrices.ts';
import type { Usage } from './usage.ts';

/** What one session used of one model within a step of time, as only Claude Code's transcripts tell of it. */
export interface ElsewhereSum extends PricedRequests {
  /** When the step begins, in milliseconds since the epoch. */
  readonly at: number;
  readonly project: string;
  readonly sessionId: string;
  readonly requests: number;
  readonly usage: Usage;
}

/** Where what was used elsewhere is learned. */
export interface ElsewhereUsage {
  /** How much of it is known. */
  readonly state: TranscriptState;
  /**
   * Sums since a moment, as far as is known by now.
   * @param stepMs how long a step is; local calendar days when left out.
   */
  sums(from: number, stepMs?: number): Promise<readonly ElsewhereSum[]>;
}
