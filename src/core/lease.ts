import type { RecentPace } from './leaseDemand.ts';
import { amountsOf, rateDimensions, type RateAmounts, type RateLimits } from './rateLimits.ts';
import { leaseDimensions, type LeaseAmounts, type LeaseDimension, type LeaseLimits } from './sharedQuota.ts';

/** A moment by two clocks of the machine, in milliseconds. */
export interface LeaseMoment {
  /** Goes forward only, the same in all processes of the machine; may stand still while the machine sleeps. */
  readonly monotonic: number;
  /** Since the epoch. Goes on while the machine sleeps, and may be set. */
  readonly wall: number;
}

/** What the machine has of one plan's shared quota. */
export interface PlanLease {
  readonly epoch: number;
  /** When the call was sent that renewed it last. */
  readonly at: LeaseMoment;
  /** How long it is good from then on, in milliseconds. */
  readonly durationMs: number;
  /** By the monotonic clock: before it there is no use in asking again for what was asked for and not granted. */
  readonly askAgainAt: number;
  /** When anybody of this machine asked last, by the monotonic clock. */
  readonly askedAt: number;
  /** Other machines wait for what this one may give back. */
  readonly othersWait: boolean;
  /** Since when the shared ledger cannot be asked, and why; undefined while it can. */
  readonly away?: LeaseAway;
}

export interface LeaseAway {
  readonly since: LeaseMoment;
  /** `refused`: it answers and does not let this machine in. */
  readonly kind: 'away' | 'refused';
  /** For people. */
  readonly message: string;
  /** How often in a row it could not be asked. */
  readonly attempts: number;
}

/** What the machine has of one scope. */
export interface ScopeLease {
  /** What the upstream has counted for this machine since its ledger began; see `ScopeAsk.consumed`. */
  readonly consumed: RateAmounts;
  /** Undefined until the shared ledger has been asked for the scope. */
  readonly grant?: ScopeShare;
}

/** What was granted for a scope, and what is known of it. */
export interface ScopeShare {
  /** Of another epoch than the plan's it is over. */
  readonly epoch: number;
  /** Whose tokens of the day they are. */
  readonly dayKey: string;
  readonly granted: LeaseAmounts;
  readonly returned: LeaseAmounts;
  /** The limits that hold beside the machine's own settings and what the upstream has reported. */
  readonly limits: LeaseLimits;
  /**
   * Limits of all machines together that are larger than what this machine's own settings allow, as of the grant. They
   * bound it by what is leased, and are shown. Absent in rows of before they were kept.
   */
  readonly larger?: LeaseLimits;
  readonly fairShare: LeaseAmounts;
  /** What part of the rates the fair share is, 0 to 1. Rows of before it was kept have none. */
  readonly fairPart?: number;
  /** What other machines have used, as of the grant; of the rates what was not refilled then. */
  readonly usedByOthers: LeaseAmounts;
  /** What other machines have leased, as of the grant. */
  readonly leasedByOthers: LeaseAmounts;
  /** When it was granted, by the wall clock. */
  readonly grantedAt: number;
  /** Consumption that has been reported. */
  readonly told: RateAmounts;
  /** Something needed was asked for and not granted. */
  readonly unmet: boolean;
  /** How much is taken in a millisecond, of late. */
  readonly pace: RateAmounts;
  /** When the pace was taken last, by the monotonic clock, and what had been taken until then. */
  readonly pacedAt: number;
  readonly paced: RateAmounts;
  /** Of the last second, and which of the two was leased ahead for. Rows of before they were kept have none. */
  readonly recent?: RecentPace;
  readonly expected?: RateAmounts;
  /** Below so much room more is asked for before it is needed. */
  readonly low: RateAmounts;
}

/** What is done when the lease has ended and the shared ledger is away. */
export type AwayPolicy =
  | { readonly kind: 'wait' }
  /** Goes on with the last fair share, for so long in milliseconds. */
  | { readonly kind: 'safe-share'; readonly forMs: number };

/**
 * What admission goes by. `leased`: by what is leased. `safe-share`: by the last fair share alone. `none`: nothing can
 * be admitted that is limited.
 */
export type LeaseState = 'leased' | 'safe-share' | 'none';

export const noLeaseAmounts: LeaseAmounts = Object.freeze(leaseAmounts(() => 0));

/** An amount for each dimension. */
export function leaseAmounts(of: (dimension: LeaseDimension) => number): LeaseAmounts {
  return {
    ...amountsOf(of),
    tokensPerDay: of('tokensPerDay'),
    slots: of('slots'),
  };
}

/** The smaller limit in each dimension. */
export function smallerLeaseLimits(a: LeaseLimits, b: LeaseLimits): LeaseLimits {
  const limits: Partial<Record<LeaseDimension, number>> = {};
  for (const dimension of leaseDimensions) {
    const smaller = Math.min(a[dimension] ?? Infinity, b[dimension] ?? Infinity);
    if (smaller !== Infinity) limits[dimension] = smaller;
  }
  return limits;
}

/** The rates among limits. */
export function ratesAmong(limits: LeaseLimits): RateLimits {
  const rates: Partial<Record<(typeof rateDimensions)[number], number>> = {};
  for (const dimension of rateDimensions) {
    const limit = limits[dimension];
    if (limit !== undefined) rates[dimension] = limit;
  }
  return rates;
}

/**
 * How long ago a moment was, in milliseconds: by the clock that says more, since one stands still while the machine
 * sleeps and the other may be set back. Infinity after a restart of the machine.
 */
export function elapsedSince(then: LeaseMoment, now: LeaseMoment): number {
  if (now.monotonic < then.monotonic) return Infinity;
  return Math.max(now.monotonic - then.monotonic, now.wall - then.wall);
}

/** The part of a limit from which on it is near. */
const near = 1 / 2;

/**
 * Whether little is left of a scope's rates, for this machine by its own limits or for all machines together.
 * @param limits this machine's.
 * @param taken what it has used and holds.
 */
export function isNear(limits: LeaseLimits, taken: RateAmounts, share: ScopeShare): boolean {
  return rateDimensions.some((dimension) => {
    const own = limits[dimension] ?? Infinity;
    const whole = share.larger?.[dimension] ?? own;
    const ofOthers = share.usedByOthers[dimension] + share.leasedByOthers[dimension];
    return taken[dimension] > own * near || taken[dimension] + ofOthers > whole * near;
  });
}

/** Nobody is told to ask again so much later, in milliseconds. */
const longestWaitMs = 60_000;

/**
 * What a kept lease is worth now. After a restart of the machine, whose monotonic clock began anew, it has ended, and may
 * be asked for at once: moments of before it say nothing.
 */
export function leaseOfThisRun(lease: PlanLease, now: LeaseMoment): PlanLease {
  const { at, askedAt, askAgainAt, away } = lease;
  const isOfBefore = Math.max(at.monotonic, askedAt, away?.since.monotonic ?? 0) > now.monotonic;
  if (!isOfBefore && askAgainAt <= now.monotonic + longestWaitMs) return lease;
  const since = away && { monotonic: 0, wall: away.since.wall };
  return {
    ...lease,
    at: { monotonic: 0, wall: at.wall },
    durationMs: 0,
    askedAt: 0,
    askAgainAt: 0,
    ...(since && { away: { ...away, since } }),
  };
}

/** Whether what is leased may be used. */
export function isLeaseGood({ at, durationMs }: PlanLease, now: LeaseMoment): boolean {
  return elapsedSince(at, now) < durationMs;
}

/** What admission goes by now. */
export function leaseState(plan: PlanLease | undefined, policy: AwayPolicy, now: LeaseMoment): LeaseState {
  if (plan === undefined) return 'none';
  if (isLeaseGood(plan, now)) return 'leased';
  const { away, at, durationMs } = plan;
  if (away === undefined || policy.kind === 'wait') return 'none';
  // A machine that had nothing to lease for long begins its safe share when it finds the shared ledger away.
  const withoutMs = Math.min(elapsedSince(away.since, now), elapsedSince(at, now) - durationMs);
  return withoutMs < policy.forMs ? 'safe-share' : 'none';
}

/** What is leased of a dimension and not used: with what is promised of it. */
export function leftOf(share: ScopeShare, dimension: LeaseDimension, consumed: number): number {
  return share.granted[dimension] - share.returned[dimension] - consumed;
}

/**
 * The other machines' part as it is now, what is leased included.
 * @param limits that hold for this machine: the rates refill by them where those of all machines are not known.
 */
export function othersPart(
  { usedByOthers, leasedByOthers, grantedAt, larger }: ScopeShare,
  limits: RateLimits,
  now: number,
): RateAmounts {
  return amountsOf((dimension) => {
    const limit = larger?.[dimension] ?? limits[dimension] ?? 0;
    const refilled = (limit * Math.max(0, now - grantedAt)) / 60_000;
    return Math.max(0, usedByOthers[dimension] - refilled) + leasedByOthers[dimension];
  });
}
