import type { Dimension } from './limitStatus.ts';

/** Where a limit's use is going if it goes on as of late. Moments are milliseconds since the epoch. */
export interface LimitProjection {
  readonly dimension: Dimension;
  /** As `LimitStatus.models`. */
  readonly models?: string;
  /** What is used in an hour at the present pace, in the limit's unit; 0 when nothing is. */
  readonly perHour: number;
  /** Nine times out of ten the true pace is within; both ≥ 0. */
  readonly perHourRange: readonly [least: number, most: number];
  /** When it is used up at that pace; absent when that is never. It may lie behind the reset. */
  readonly reachedAt?: number;
  /** With the greatest likely pace; absent when that is never. */
  readonly earliestAt?: number;
  /** With the least likely pace; absent when that is never. */
  readonly latestAt?: number;
  readonly resetsAt: number;
  /**
   * `reached`: it is used up now. `likely`: at the present pace it is used up before it starts anew. `possible`: at the
   * greatest likely pace. `unlikely`: not even then.
   */
  readonly outlook: 'reached' | 'likely' | 'possible' | 'unlikely';
  /** How long the pace was looked at, in milliseconds. */
  readonly measuredMs: number;
}
