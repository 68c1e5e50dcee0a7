import { calendarDay } from '../core/calendarDay.ts';
import {
  leaseOfThisRun,
  leaseState,
  leftOf,
  ratesAmong,
  type AwayPolicy,
  type LeaseMoment,
  type LeaseState,
  type PlanLease,
  type ScopeShare,
} from '../core/lease.ts';
import type { LeaseLimits } from '../core/sharedQuota.ts';
import type { Scope } from '../core/quotaTerms.ts';
import {
  amountsOf,
  amountsSum,
  nothing,
  rateDimensions,
  smallerLimits,
  type RateAmounts,
  type RateLimits,
} from '../core/rateLimits.ts';
import type { LeaseRoom } from '../core/requestLine.ts';
import { rounding } from '../core/tokenBucket.ts';
import { quotaTokens } from '../core/usage.ts';
import type { LedgerStore, ScopeRow } from './ledgerStore.ts';

/** What leases go by beside what is in the ledger. */
export interface LeaseTerms {
  readonly moment: () => LeaseMoment;
  /** What is done while the shared ledger is away. */
  readonly policy: () => AwayPolicy;
}

const endless: RateAmounts = Object.freeze(amountsOf(() => Infinity));

/** How soon one machine asks again for what it will need, in milliseconds. */
const betweenAsksMs = 200;

/**
 * What this machine has of a quota that it shares with others: a bound to what it admits beside those of its own
 * ledger. Every method runs within a transaction.
 */
export class LeaseBooks {
  readonly #store: LedgerStore;
  readonly #terms: LeaseTerms;

  constructor(store: LedgerStore, terms: LeaseTerms) {
    this.#store = store;
    this.#terms = terms;
  }

  moment(): LeaseMoment {
    return this.#terms.moment();
  }

  plan(planId: string): PlanLease | undefined {
    const { planLease } = this.#store.scope(planId);
    return planLease && leaseOfThisRun(planLease, this.moment());
  }

  state(planId: string): LeaseState {
    return leaseState(this.plan(planId), this.#terms.policy(), this.moment());
  }

  /** A scope's share of the lease that the machine knows, whether it is still good or not. */
  share(scopeId: string, planId: string): ScopeShare | undefined {
    const grant = this.#store.scope(scopeId).lease?.grant;
    return grant !== undefined && grant.epoch === this.plan(planId)?.epoch ? grant : undefined;
  }

  /** What all machines together may use of a scope, where it is known to be another limit than this machine's own. */
  wholeLimits(scopeId: string): LeaseLimits {
    const grant = this.#store.scope(scopeId).lease?.grant;
    return { ...grant?.limits, ...grant?.larger };
  }

  /** A scope's own limits with those that hold for all machines, or with what is fair while nobody can be asked. */
  limits(scope: Scope, own: RateLimits): RateLimits {
    const grant = this.#store.scope(scope.id).lease?.grant;
    const state = this.state(scope.planId);
    if (state === 'none' || (grant === undefined && state === 'leased')) return own;
    const shared = grant === undefined ? own : smallerLimits(own, ratesAmong(grant.limits));
    if (state === 'leased') return shared;
    const part = this.#store.scope(scope.planId).lease?.grant?.fairPart ?? 1;
    const fair: Partial<Record<keyof RateAmounts, number>> = {};
    for (const [name, limit] of Object.entries(shared)) {
      const dimension = name as keyof RateAmounts;
      const known = grant?.fairShare[dimension] ?? 0;
      fair[dimension] = known > 0 ? known : limit * part;
    }
    return smallerLimits(shared, fair);
  }

  /** What new requests may take. @param now undefined where no limit of the day holds. */
  room(scope: Scope, limits: RateLimits, now: number | undefined): LeaseRoom {
    const state = this.state(scope.planId);
    const row = this.#store.scope(scope.id);
    const grant = row.lease?.grant;
    // What was never asked for, as of a model that is new here, is bounded by its own limits as `limits` has them.
    if (state === 'safe-share' && (grant !== undefined || scope.kind !== 'plan')) {
      const fairDay = grant?.fairShare.tokensPerDay ?? 0;
      const tokensPerDay = now === undefined ? Infinity : this.dayRoom(scope, now) + fairDay;
      return { rates: endless, tokensPerDay };
    }
    const share = state === 'leased' ? this.share(scope.id, scope.planId) : undefined;
    if (share === undefined) return { rates: nothing, tokensPerDay: 0 };
    const rates = amountsOf((dimension) =>
      limits[dimension] === undefined
        ? Infinity
        : leftOf(share, dimension, row.lease?.consumed[dimension] ?? 0) - row.buckets[dimension].held,
    );
    return { rates, tokensPerDay: now === undefined ? Infinity : this.dayRoom(scope, now) };
  }

  /** The tokens of the local day that the machine has used of a scope. */
  consumedToday(scopeId: string, now: number): number {
    return quotaTokens(this.#store.day(scopeId, calendarDay(now).key).usage);
  }

  /** What is leased of the local day's tokens and neither used nor promised. */
  dayRoom(scope: Scope, now: number): number {
    const share = this.share(scope.id, scope.planId);
    if (share?.dayKey !== calendarDay(now).key) return 0;
    return leftOf(share, 'tokensPerDay', this.consumedToday(scope.id, now)) - this.#store.tokensUnderWay(scope.id);
  }

  /** The tokens of the local day that other machines have used, as far as it is known. */
  usedTodayByOthers(scopeId: string, now: number): number {
    const grant = this.#store.scope(scopeId).lease?.grant;
    return grant?.dayKey === calendarDay(now).key ? grant.usedByOthers.tokensPerDay : 0;
  }

  /**
   * How many slots this machine may have.
   * @param own what its settings allow.
   * @param holders how many it has: they are not taken away.
   */
  slots(scopeId: string, planId: string, own: number, holders: number): number {
    const state = this.state(planId);
    const share = state === 'none' ? undefined : this.share(scopeId, planId);
    if (share === undefined) return Math.min(own, holders);
    return Math.min(own, Math.max(holders, leftOf(share, 'slots', 0)));
  }

  /** The row after the upstream has counted so much. */
  counted(row: ScopeRow, used: RateAmounts): ScopeRow {
    const lease = row.lease ?? { consumed: nothing };
    return { ...row, lease: { ...lease, consumed: amountsSum(lease.consumed, used) } };
  }

  /** Whether a scope's room is so small that more is asked for before it is needed. */
  isLow(scope: Scope, limits: RateLimits): boolean {
    const share = this.share(scope.id, scope.planId);
    const asked = this.plan(scope.planId)?.askedAt ?? 0;
    if (share === undefined || share.unmet || this.moment().monotonic - asked < betweenAsksMs) return false;
    const { rates } = this.room(scope, limits, undefined);
    return Object.entries(share.low).some(
      ([dimension, low]) => low > rounding && rates[dimension as keyof RateAmounts] < low,
    );
  }

  /** Whether what is lacking of a scope was asked for and is not there yet. */
  isUnmet(scopeId: string, planId: string): boolean {
    return this.share(scopeId, planId)?.unmet === true;
  }

  /** In how many milliseconds it makes sense to ask again for what was not granted. */
  askAgainInMs(planId: string): number {
    return Math.max(0, (this.plan(planId)?.askAgainAt ?? 0) - this.moment().monotonic);
  }

  /** Whether there is anything to report of a scope, to keep or to give back. */
  hasBusiness(scopeId: string, planId: string): boolean {
    const { lease, buckets } = this.#store.scope(scopeId);
    if (lease === undefined) return false;
    if (rateDimensions.some((dimension) => buckets[dimension].held > 0)) return true;
    const share = this.share(scopeId, planId);
    if (share === undefined) return false;
    return share.unmet || leftOf(share, 'slots', 0) > 0 || this.untold(scopeId, planId) || this.isIdle(scopeId, planId);
  }

  /** Whether the upstream has counted something that was not reported yet. */
  untold(scopeId: string, planId: string): boolean {
    const { lease } = this.#store.scope(scopeId);
    const told = this.share(scopeId, planId)?.told ?? nothing;
    return rateDimensions.some((dimension) => (lease?.consumed[dimension] ?? 0) > told[dimension] + rounding);
  }

  /** Whether more is leased of the rates than is used or promised. */
  isIdle(scopeId: string, planId: string): boolean {
    const { lease, buckets } = this.#store.scope(scopeId);
    const share = this.share(scopeId, planId);
    if (lease === undefined || share === undefined) return false;
    return rateDimensions.some(
      (dimension) => leftOf(share, dimension, lease.consumed[dimension]) > buckets[dimension].held + rounding,
    );
  }

  /**
   * In how many milliseconds to ask again after somebody told that more is there; undefined where nothing is waited for.
   */
  mayAskInMs(planId: string): number | undefined {
    const plan = this.plan(planId);
    if (plan === undefined) return undefined;
    const waits = plan.away !== undefined || this.#store.scopeIds(planId).some((id) => this.isUnmet(id, planId));
    return waits ? this.askedAgainInMs(planId, betweenAsksMs) : undefined;
  }

  /** In how many milliseconds the last ask is so long ago; undefined where nothing was ever asked. */
  askedAgainInMs(planId: string, betweenMs: number): number | undefined {
    const plan = this.plan(planId);
    return plan === undefined ? undefined : Math.max(0, plan.askedAt + betweenMs - this.moment().monotonic);
  }

  /** Whether anything of a plan is not reported yet. */
  hasUntold(planId: string): boolean {
    return this.#store.scopeIds(planId).some((id) => this.untold(id, planId));
  }
}
