import type { RateLimits } from '../../src/core/rateLimits.ts';
import type { LeaseDimension, ScopeAsk } from '../../src/core/sharedQuota.ts';

/** An amount in each dimension that may change. */
export type Amounts = Record<LeaseDimension, number>;

export interface Holding {
  consumed: Amounts;
  returned: Amounts;
  granted: Amounts;
  ask: ScopeAsk;
  /** Wanted and not granted since it was asked. */
  wants: Amounts;
  needs: Amounts;
  dayKey: string;
  /** Tokens of the day that a lease that has ended may have used. */
  presumed: number;
}

/** One machine's lease of a plan. */
export interface SharedMachine {
  epoch: number;
  endsAt: number;
  /** What it has been granted in all, by weight and limit. */
  service: number;
  seenAt: number;
  readonly holdings: Map<string, Holding>;
}

/** What all machines together have used of a scope. */
export interface SharedScope {
  used: Amounts;
  at: number;
  reported: RateLimits;
  pausedUntil: number;
}

/** What a machine could be granted of a dimension. */
export interface Offer {
  readonly dimension: LeaseDimension;
  readonly limit: number;
  readonly used: number;
  readonly needed: number;
  readonly extra: number;
  /** What is lacking for all of its needs, and for those before it. */
  readonly lacking: number;
}
