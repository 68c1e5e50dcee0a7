import { leaseAmounts } from './lease.ts';
import type { RateAmounts } from './rateLimits.ts';
import type { LeaseAmounts, LeaseLimits, ScopeAsk } from './sharedQuota.ts';
import { rounding } from './tokenBucket.ts';

/** How many times what is expected to be used soon may lie idle before it is given back. */
const bearableIdle = 2;

/** What decides what is asked for of one scope and given back. */
export interface ScopeNeed {
  /** What limits it: a dimension without a limit needs no lease. */
  readonly limits: LeaseLimits;
  /** What is leased, not used and not promised. */
  readonly idle: LeaseAmounts;
  /** The lease's time has ended: what is idle may be lost, and is asked for anew. */
  readonly hasEnded: boolean;
  /** What those need that wait at the front for a larger lease; undefined when nobody does. */
  readonly front: RateAmounts | undefined;
  /** What all need that wait. */
  readonly pending: RateAmounts;
  /** What will probably be used soon. */
  readonly ahead: RateAmounts;
  /** Slots that are wanted beside those that sessions hold. */
  readonly seats: number;
  /** Other machines wait. */
  readonly othersWait: boolean;
}

/**
 * What to give back and to ask for. While somebody waits at the front, everything idle is given back and asked for
 * again in one: if machines kept parts of what each needs whole, all could wait for each other for ever.
 */
export function scopeAsk(need: ScopeNeed): Pick<ScopeAsk, 'needs' | 'wants'> & { readonly back: LeaseAmounts } {
  const { limits, idle, hasEnded, front, othersWait, seats } = need;
  const ahead = inAll(need.ahead, limits);
  const wholly = front === undefined ? undefined : inAll(front, limits);
  const pending = front === undefined ? undefined : inAll(need.pending, limits);
  const back = leaseAmounts((dimension) => {
    if (hasEnded) return idle[dimension];
    if (dimension === 'slots') return seats > idle.slots ? idle.slots : idle.slots - seats;
    if (wholly !== undefined) return idle[dimension];
    const bearable = ahead[dimension] * (othersWait ? 1 : bearableIdle);
    return idle[dimension] > bearable + rounding ? idle[dimension] - ahead[dimension] : 0;
  });
  const kept = (dimension: keyof LeaseAmounts): number => idle[dimension] - back[dimension];
  const needs = leaseAmounts((dimension) =>
    Math.max(0, (dimension === 'slots' ? seats : (wholly?.[dimension] ?? 0)) - kept(dimension)),
  );
  const wants = leaseAmounts((dimension) => {
    if (dimension === 'slots') return needs.slots;
    const all = Math.max(wholly?.[dimension] ?? 0, pending?.[dimension] ?? 0) + ahead[dimension];
    return Math.max(needs[dimension], Math.min(limits[dimension] ?? 0, all) - kept(dimension), 0);
  });
  return { back, needs, wants };
}

/** Amounts in all dimensions; more than a limit needs all of it, and what nothing limits needs no lease. */
function inAll(amounts: RateAmounts, limits: LeaseLimits): LeaseAmounts {
  return leaseAmounts((dimension) => {
    if (dimension === 'slots') return 0;
    const amount = dimension === 'tokensPerDay' ? amounts.tokensPerMinute : amounts[dimension];
    return Math.min(limits[dimension] ?? 0, amount);
  });
}
