import { type LimitReport } from '../core/admission.ts';
import { calendarDay } from '../core/calendarDay.ts';
import { planIdOf } from '../core/ledger.ts';
import { type Plan } from '../core/plan.ts';
import {
  effectiveLimits,
  rateDimensions,
  type RateAmounts,
  type RateDimension,
  type RateLimits,
} from '../core/rateLimits.ts';
import { charged, corrected, holding, isFromTheFuture, refilled, type TokenBucket } from '../core/tokenBucket.ts';
import { quotaTokens } from '../core/usage.ts';
import { type DayState } from '../core/requestLine.ts';
import { type LedgerStore } from './ledgerStore.ts';

/** A plan's limits and buckets at one moment. */
export interface PlanState {
  readonly limits: RateLimits;
  readonly reported: RateLimits;
  /** Refilled to the moment. */
  readonly buckets: Readonly<Record<RateDimension, TokenBucket>>;
}

/** Token counts are rounded to the nearest thousand in rate-limit headers. Source: API documentation, "Rate limits" › "Response headers". */
const reportedRounding: RateAmounts = {
  requestsPerMinute: 0,
  tokensPerMinute: 500,
  inputTokensPerMinute: 500,
  outputTokensPerMinute: 500,
};

/** What the ledger keeps of each plan: its buckets, what the upstream reported, the day's tokens. */
export class PlanBooks {
  readonly #store: LedgerStore;

  constructor(store: LedgerStore) {
    this.#store = store;
  }

  state(plan: Plan, now: number): PlanState {
    const rows = this.#store.buckets(planIdOf(plan));
    const reported: Partial<Record<RateDimension, number>> = {};
    for (const dimension of rateDimensions) {
      const limit = rows[dimension].reportedLimit;
      if (limit !== undefined) reported[dimension] = limit;
    }
    const limits = effectiveLimits(plan, reported);
    const bucket = (dimension: RateDimension): TokenBucket => refilled(rows[dimension].bucket, limits[dimension], now);
    return {
      limits,
      reported,
      buckets: {
        requestsPerMinute: bucket('requestsPerMinute'),
        tokensPerMinute: bucket('tokensPerMinute'),
        inputTokensPerMinute: bucket('inputTokensPerMinute'),
        outputTokensPerMinute: bucket('outputTokensPerMinute'),
      },
    };
  }

  /** Counted tokens of the plan's local day; undefined when the plan has no daily limit. */
  day(plan: Plan, now: number): DayState | undefined {
    if (plan.kind !== 'MaxSubscription') return undefined;
    const planId = planIdOf(plan);
    const { usage } = this.#store.day(planId, calendarDay(now).key);
    return {
      limit: plan.dailyTokens,
      used: quotaTokens(usage),
      held: this.#store.tokensUnderWay(planId),
    };
  }

  hold(planId: string, cost: RateAmounts, sign: 1 | -1): void {
    const rows = this.#store.buckets(planId);
    for (const dimension of rateDimensions) {
      if (cost[dimension] === 0) continue;
      const row = rows[dimension];
      this.#store.putBucket(planId, dimension, { ...row, bucket: holding(row.bucket, sign * cost[dimension]) });
    }
  }

  /** Counts `used` as used, and no longer holds `wasHeld` of it. */
  charge(plan: Plan, used: RateAmounts, wasHeld: RateAmounts, now: number): void {
    const planId = planIdOf(plan);
    const { buckets, reported } = this.state(plan, now);
    for (const dimension of rateDimensions) {
      if (used[dimension] === 0 && wasHeld[dimension] === 0) continue;
      this.#store.putBucket(planId, dimension, {
        bucket: charged(buckets[dimension], used[dimension], wasHeld[dimension]),
        reportedLimit: reported[dimension],
      });
    }
  }

  /**
   * The same where the plan's limits are not at hand: after an engine's death, or for a plan that was changed
   * meanwhile. The bucket is not refilled first, which only delays the refill.
   */
  chargeBlindly(planId: string, used: RateAmounts, wasHeld: RateAmounts, now: number): void {
    const rows = this.#store.buckets(planId);
    for (const dimension of rateDimensions) {
      if (used[dimension] === 0 && wasHeld[dimension] === 0) continue;
      const row = rows[dimension];
      const asOf = { ...row.bucket, at: Math.max(row.bucket.at, now) };
      const bucket = charged(asOf, used[dimension], wasHeld[dimension]);
      this.#store.putBucket(planId, dimension, { ...row, bucket });
    }
  }

  /** After the clock was set back: what was written in its future counts from now on, or it would wait for it. */
  followClock(planId: string, now: number): void {
    const rows = this.#store.buckets(planId);
    for (const dimension of rateDimensions) {
      const row = rows[dimension];
      if (!isFromTheFuture(row.bucket.at, now)) continue;
      this.#store.putBucket(planId, dimension, { ...row, bucket: { ...row.bucket, at: now } });
    }
    const row = this.#store.plan(planId);
    if (!isFromTheFuture(row.pausedAt, now)) return;
    this.#store.putPlan(planId, { ...row, pausedAt: now, pausedUntil: now + row.pausedUntil - row.pausedAt });
  }

  observe(report: LimitReport, plan: Plan, now: number): void {
    const planId = planIdOf(plan);
    const before = this.state(plan, now);
    for (const { dimension, limit, remaining } of report.limits) {
      const bucket = corrected(before.buckets[dimension], limit, remaining, reportedRounding[dimension]);
      if (before.reported[dimension] === limit && bucket === before.buckets[dimension]) continue;
      this.#store.putBucket(planId, dimension, { bucket, reportedLimit: limit });
    }
    if (report.retryAfterMs === undefined) return;
    const row = this.#store.plan(planId);
    const pausedUntil = now + report.retryAfterMs;
    if (pausedUntil > row.pausedUntil) this.#store.putPlan(planId, { ...row, pausedAt: now, pausedUntil });
  }
}
