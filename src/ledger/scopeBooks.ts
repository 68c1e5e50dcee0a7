import type { LimitReport } from '../core/admission.ts';
import { afterRefusal, shareAt } from '../core/adaptiveShare.ts';
import { calendarDay } from '../core/calendarDay.ts';
import { othersPart, ratesAmong } from '../core/lease.ts';
import type { SharedRates, SharedUse } from '../core/planStatus.ts';
import { currentWindows, windowsClosedUntil, withReported } from '../core/planWindow.ts';
import { accountRecord, modelScope, planScope, scopeOfId, type QuotaTerms, type Scope } from '../core/quotaTerms.ts';
import {
  amountsOf,
  limitsOfSettings,
  nothing,
  rateDimensions,
  smallerLimits,
  type RateAmounts,
  type RateDimension,
  type RateLimits,
} from '../core/rateLimits.ts';
import type { DayState, ScopeFacts } from '../core/requestLine.ts';
import { charged, corrected, holding, isFromTheFuture, refilled, type Buckets } from '../core/tokenBucket.ts';
import { quotaTokens } from '../core/usage.ts';
import type { LeaseBooks } from './leaseBooks.ts';
import type { LedgerStore, ScopeRow } from './ledgerStore.ts';

/** Token counts are rounded to the nearest thousand in rate-limit headers. Source: API documentation, "Rate limits" › "Response headers". */
const reportedRounding: RateAmounts = {
  requestsPerMinute: 0,
  tokensPerMinute: 500,
  inputTokensPerMinute: 500,
  outputTokensPerMinute: 500,
};

/** The counted tokens of a day: `used` by this machine and `others`, and `held` by requests of this machine. */
export interface DayUse extends SharedUse {
  readonly held: number;
  readonly others: number;
}

/** The part of a minute's tokens that one request may hold beyond what it is expected to use. */
const bearableShare = 1 / 2;

/**
 * The longest that one answer pauses everybody: after it the next request finds out whether the limit still holds, and
 * pauses the others again if it does.
 */
const longestPauseMs = 10 * 60_000;

/** What the ledger keeps of the plan, of each group of models and of each agent: buckets, reports, pauses, the day. */
export class ScopeBooks {
  readonly #store: LedgerStore;
  /** Undefined where the quota is this machine's alone. */
  readonly leases: LeaseBooks | undefined;

  constructor(store: LedgerStore, leases?: LeaseBooks) {
    this.#store = store;
    this.leases = leases;
  }

  /** The limits that hold for a scope now. */
  limits(scope: Scope, row: ScopeRow, terms: QuotaTerms, now: number): RateLimits {
    const own = this.#ownLimits(scope, row, terms, now);
    return this.leases === undefined ? own : this.leases.limits(scope, own);
  }

  #ownLimits(scope: Scope, row: ScopeRow, terms: QuotaTerms, now: number): RateLimits {
    if (scope.kind === 'model') return row.reported;
    if (scope.kind === 'agent') return limitsOfSettings(scope.limits, 1);
    const own = terms.plan.kind === 'ApiKey' ? limitsOfSettings(terms.plan, shareAt(row.share, now)) : {};
    return smallerLimits(own, row.reported);
  }

  /** All that decides about the scope's requests at one moment. */
  facts(scope: Scope, terms: QuotaTerms, now: number): ScopeFacts {
    const row = this.#store.scope(scope.id);
    const limits = this.limits(scope, row, terms, now);
    const day = this.day(scope, terms, now);
    return {
      limits,
      buckets: refilledBuckets(row.buckets, limits, now),
      day,
      pausedUntil: row.pausedUntil,
      closedUntil: windowsClosedUntil(row.windows, now),
      ...(this.leases !== undefined && { lease: this.leases.room(scope, limits, day === undefined ? undefined : now) }),
    };
  }

  /**
   * The tokens of its input or its output that a request may hold beyond what it is expected to use, until the upstream
   * has reported them: the prompt cache may have lost a conversation, which then counts whole, and an answer may become
   * long. Holding costs nothing but time in line, since a bucket refills at the same rate however much of it is held; a
   * part of the smallest limit is left to others. Nothing where a limit of the day holds, which a request must not be
   * refused for, or where no rate is known.
   */
  bearableTokens(
    scopes: readonly Scope[],
    side: 'inputTokensPerMinute' | 'outputTokensPerMinute',
    terms: QuotaTerms,
    now: number,
  ): number {
    const limits = scopes.flatMap((scope) => {
      const { tokensPerMinute, [side]: ofSide } = this.limits(scope, this.#store.scope(scope.id), terms, now);
      return [tokensPerMinute, ofSide].filter((limit) => limit !== undefined);
    });
    const limitedByDay = scopes.some((scope) => this.dayLimit(scope, terms, now) !== undefined);
    return limits.length === 0 || limitedByDay ? 0 : Math.min(...limits) * bearableShare;
  }

  /** A scope's rates for all machines, as far as they are known. @param limits what this machine may use now. */
  shared(scope: Scope, limits: RateLimits, terms: QuotaTerms, now: number): SharedRates {
    if (this.leases === undefined) return { whole: {}, others: nothing };
    const share = this.leases.share(scope.id, scope.planId);
    const row = this.#store.scope(scope.id);
    const { limits: beside = {}, larger = {} } = row.lease?.grant ?? {};
    return {
      // Where no larger one is known it is this machine's own, of which it has but its fair share while nobody can be asked.
      whole: {
        ...smallerLimits(this.#ownLimits(scope, row, terms, now), ratesAmong(beside)),
        ...ratesAmong(larger),
      },
      others: share === undefined ? nothing : othersPart(share, limits, now),
    };
  }

  /**
   * The counted tokens of the scope's local day against the limit that refuses requests; undefined when none holds.
   * Where the limit of all machines is known and larger than this machine's own, that bounds its own use alone, as the
   * rates and slots do: the lease sees to the others.
   */
  day(scope: Scope, terms: QuotaTerms, now: number): DayState | undefined {
    const use = this.dayUse(scope, terms, now);
    if (use === undefined) return undefined;
    const { limit, used, others, held, whole = limit } = use;
    const whose = scope.kind === 'agent' ? 'agent' : 'plan';
    return { whose, limit, used: limit < whole ? used : used + others, held };
  }

  /** The counted tokens of the scope's local day, by whom they were used; undefined when no limit of the day holds. */
  dayUse(scope: Scope, terms: QuotaTerms, now: number): DayUse | undefined {
    const limit = this.dayLimit(scope, terms, now);
    if (limit === undefined) return undefined;
    const { usage } = this.#store.day(scope.id, calendarDay(now).key);
    return {
      limit,
      used: quotaTokens(usage),
      held: this.#store.tokensUnderWay(scope.id),
      others: this.leases?.usedTodayByOthers(scope.id, now) ?? 0,
      whole: this.leases?.wholeLimits(scope.id).tokensPerDay,
    };
  }

  /** Once Anthropic reports a subscription's own windows they are the truth, and the daily tokens are not. */
  dayLimit(scope: Scope, { plan, dailyTokens }: QuotaTerms, now: number): number | undefined {
    if (scope.kind === 'agent') return scope.limits.tokensPerDay;
    if (scope.kind === 'model' || plan.kind !== 'MaxSubscription' || dailyTokens === 'reported') return undefined;
    return currentWindows(this.#store.scope(scope.id).windows, now).length > 0 ? undefined : plan.dailyTokens;
  }

  /** The buckets are refilled first: what was refilled by then has made room for this. */
  hold(scopeIds: readonly string[], cost: RateAmounts, terms: QuotaTerms, now: number): void {
    for (const id of scopeIds) {
      const row = this.#store.scope(id);
      const whole = refilledBuckets(row.buckets, this.limits(scopeOfId(terms, id), row, terms, now), now);
      const buckets = amountsOf((dimension) => holding(whole[dimension], cost[dimension]));
      this.#store.putScope(id, { ...row, buckets });
    }
  }

  /** Holds so much no longer. */
  release(scopeIds: readonly string[], amounts: RateAmounts): void {
    for (const id of scopeIds) {
      const row = this.#store.scope(id);
      const buckets = amountsOf((dimension) => holding(row.buckets[dimension], -amounts[dimension]));
      this.#store.putScope(id, { ...row, buckets });
    }
  }

  /**
   * Counts `used` as used, and no longer holds `wasHeld` of it.
   * @param isKnown false where it is an estimate of what the upstream may have counted: its bucket has no less than nothing
   * left, and so has this one then.
   */
  charge(
    scopes: readonly Scope[],
    used: RateAmounts,
    wasHeld: RateAmounts,
    terms: QuotaTerms,
    now: number,
    isKnown = true,
  ): void {
    for (const scope of scopes) {
      const row = this.#store.scope(scope.id);
      const limits = this.limits(scope, row, terms, now);
      const whole = refilledBuckets(row.buckets, limits, now);
      const left = (dimension: RateDimension): number => (limits[dimension] ?? Infinity) - whole[dimension].used;
      const counted = isKnown ? used : amountsOf((each) => Math.min(used[each], Math.max(0, left(each))));
      const buckets = amountsOf((dimension) => charged(whole[dimension], counted[dimension], wasHeld[dimension]));
      this.#putCharged(scope.id, { ...row, buckets }, counted);
    }
  }

  /**
   * The same where the scopes' limits are not at hand: after an engine's death, or for a plan that was changed
   * meanwhile. The buckets are not refilled first, which only delays the refill.
   */
  chargeBlindly(scopeIds: readonly string[], used: RateAmounts, wasHeld: RateAmounts, now: number): void {
    for (const id of scopeIds) {
      const row = this.#store.scope(id);
      const buckets = amountsOf((dimension) => {
        const bucket = row.buckets[dimension];
        return charged({ ...bucket, at: Math.max(bucket.at, now) }, used[dimension], wasHeld[dimension]);
      });
      this.#putCharged(id, { ...row, buckets }, used);
    }
  }

  #putCharged(scopeId: string, row: ScopeRow, used: RateAmounts): void {
    this.#store.putScope(scopeId, this.leases === undefined ? row : this.leases.counted(row, used));
  }

  /** After the clock was set back: what was written in its future counts from now on, or it would wait for it. */
  followClock(scopeId: string, now: number): void {
    const row = this.#store.scope(scopeId);
    const early = rateDimensions.some((dimension) => isFromTheFuture(row.buckets[dimension].at, now));
    const pausedEarly = isFromTheFuture(row.pausedAt, now);
    const shareEarly = isFromTheFuture(row.share.at, now);
    if (!early && !pausedEarly && !shareEarly) return;
    this.#store.putScope(scopeId, {
      ...row,
      buckets: amountsOf((dimension) => {
        const bucket = row.buckets[dimension];
        return isFromTheFuture(bucket.at, now) ? { ...bucket, at: now } : bucket;
      }),
      ...(shareEarly && { share: { ...row.share, at: now } }),
      ...(pausedEarly && { pausedAt: now, pausedUntil: now + row.pausedUntil - row.pausedAt }),
    });
  }

  /**
   * Takes in what an answer says. Limits are those of the model that answered, where it is known; a pause concerns the
   * same requests.
   */
  observe(report: LimitReport, terms: QuotaTerms, now: number): void {
    const scope = report.model === undefined ? planScope(terms) : modelScope(terms, report.model);
    if (report.limits.length > 0 || report.retryAfterMs !== undefined) this.#observeLimits(scope, report, terms, now);
    const silent = report.limited && report.limits.length === 0 && report.windows.length === 0;
    if (report.windows.length === 0 && !silent) return;
    const { id } = planScope(terms);
    const row = this.#store.scope(id);
    this.#store.putScope(id, {
      ...row,
      windows: withReported(row.windows, report.windows),
      share: silent ? afterRefusal(row.share, now) : row.share,
    });
  }

  /** Keeps a record of a plan from now on, though nothing was used of it yet. */
  know(planId: string): void {
    this.#store.putScope(planId, this.#store.scope(planId));
  }

  forgetWindows(planId: string): void {
    const row = this.#store.scope(planId);
    if (row.windows.length > 0) this.#store.putScope(planId, { ...row, windows: [] });
  }

  /** The accounts that were told, and when each was last charged or reported. */
  accounts(terms: QuotaTerms): { planId: string; lastAt: number }[] {
    const records = this.#store.planIds().filter((planId) => planId.startsWith(accountRecord(terms, '')));
    return records.map((planId) => {
      const { buckets, windows } = this.#store.scope(planId);
      const charged = rateDimensions.map((dimension) => buckets[dimension].at);
      return { planId, lastAt: Math.max(0, ...charged, ...windows.map(({ reportedAt }) => reportedAt)) };
    });
  }

  #observeLimits(scope: Scope, report: LimitReport, terms: QuotaTerms, now: number): void {
    const row = this.#store.scope(scope.id);
    const limits = this.limits(scope, row, terms, now);
    const buckets = { ...refilledBuckets(row.buckets, limits, now) };
    // What others have used is known while their leases are.
    const isLeased = this.leases?.state(scope.planId) === 'leased';
    const others = isLeased ? this.shared(scope, limits, terms, now).others : nothing;
    const reported = { ...row.reported };
    for (const { dimension, limit, remaining } of report.limits) {
      const known = reportedRounding[dimension] + others[dimension];
      buckets[dimension] = corrected(buckets[dimension], limit, remaining, known);
      reported[dimension] = limit;
    }
    const pausedUntil = now + Math.min(report.retryAfterMs ?? 0, longestPauseMs);
    const pauses = report.retryAfterMs !== undefined && pausedUntil > row.pausedUntil;
    this.#store.putScope(scope.id, { ...row, buckets, reported, ...(pauses && { pausedAt: now, pausedUntil }) });
  }
}

/** Buckets as they are at a moment. */
export function refilledBuckets(buckets: Buckets, limits: RateLimits, now: number): Buckets {
  return amountsOf((dimension) => refilled(buckets[dimension], limits[dimension], now));
}
