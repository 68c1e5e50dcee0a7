import { leaseAmounts, smallerLeaseLimits, type LeaseMoment, type PlanLease, type ScopeShare } from '../core/lease.ts';
import { forecast } from '../core/leaseDemand.ts';
import { withReported } from '../core/planWindow.ts';
import { amountsOf, nothing, rateDimensions, smallerLimits } from '../core/rateLimits.ts';
import {
  leaseDimensions,
  type LeaseAsk,
  type LeaseDimension,
  type LeaseGrant,
  type LeaseLimits,
  type ScopeAsk,
  type ScopeGrant,
  type SharedQuotaError,
} from '../core/sharedQuota.ts';
import { rounding } from '../core/tokenBucket.ts';
import type { LeaseBooks } from './leaseBooks.ts';
import type { LedgerStore, ScopeRow } from './ledgerStore.ts';

/** Where only others can help, and nothing is heard of them, they are asked again after so long, in milliseconds. */
const fallbackMs = 1500;
/** The shortest time between two asks for the same, in milliseconds. */
const soonestMs = 25;
/** After a failure, in milliseconds; twice as long after each. */
const firstRetryMs = 500;
const longestRetryMs = 10_000;

/** Writes what the shared ledger has answered. Every method runs within a transaction. */
export class LeaseAnswers {
  readonly #store: LedgerStore;
  readonly #leases: LeaseBooks;

  constructor(store: LedgerStore, leases: LeaseBooks) {
    this.#store = store;
    this.#leases = leases;
  }

  /**
   * @param sent when the ask was sent: the lease's time counts from then.
   * @param roundTripMs what the way to the shared ledger takes.
   * @returns whether anything is there that was not.
   */
  take(ask: LeaseAsk, grant: LeaseGrant, sent: LeaseMoment, roundTripMs: number, now: number): boolean {
    const { planId } = ask;
    const known = this.#leases.plan(planId);
    // An answer that was overtaken by the next epoch's says nothing any more.
    if (known !== undefined && known.epoch > grant.epoch) return false;
    let unmet = false;
    for (const share of grant.scopes) {
      const asked = ask.scopes.find(({ scopeId }) => scopeId === share.scopeId);
      if (asked === undefined) continue;
      const kept = this.#share(asked, share, grant, roundTripMs, now);
      unmet ||= kept.unmet;
      this.#put(share, kept, asked, now);
    }
    const { monotonic } = this.#leases.moment();
    const isLater = known?.epoch !== grant.epoch || known.at.monotonic <= sent.monotonic;
    const againMs = Math.max(soonestMs, Math.min(fallbackMs, grant.askAgainAfterMs ?? fallbackMs));
    const planLease: PlanLease = {
      epoch: grant.epoch,
      at: isLater ? sent : known.at,
      durationMs: isLater ? grant.durationMs : known.durationMs,
      askAgainAt: unmet ? monotonic + againMs : 0,
      askedAt: known?.askedAt ?? sent.monotonic,
      othersWait: grant.othersWait,
    };
    this.#store.putScope(planId, { ...this.#store.scope(planId), planLease });
    return true;
  }

  /** The shared ledger could not be asked. */
  failed(planId: string, { kind, message }: SharedQuotaError): void {
    const row = this.#store.scope(planId);
    const moment = this.#leases.moment();
    const known = this.#leases.plan(planId) ?? { ...noLease, at: moment };
    const attempts = (known.away?.attempts ?? 0) + 1;
    const retryMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(10, attempts - 1));
    const away = { since: known.away?.since ?? moment, kind, message, attempts };
    this.#store.putScope(planId, { ...row, planLease: { ...known, away, askAgainAt: moment.monotonic + retryMs } });
  }

  #share(asked: ScopeAsk, share: ScopeGrant, grant: LeaseGrant, roundTripMs: number, now: number): ScopeShare {
    const row = this.#store.scope(share.scopeId);
    const before = row.lease?.grant;
    const known = before?.epoch === grant.epoch ? before : undefined;
    const ofToday = known?.dayKey === grant.dayKey ? known : undefined;
    const base = (dimension: keyof ScopeGrant['granted']): ScopeShare | undefined =>
      dimension === 'tokensPerDay' ? ofToday : known;
    const pace = before?.pace ?? nothing;
    const recent = before?.recent;
    const expected = before?.expected ?? pace;
    return {
      epoch: grant.epoch,
      dayKey: grant.dayKey,
      granted: leaseAmounts((dimension) =>
        Math.max(base(dimension)?.granted[dimension] ?? 0, share.granted[dimension]),
      ),
      returned: leaseAmounts((dimension) => base(dimension)?.returned[dimension] ?? 0),
      limits: limitsBeside(share, asked),
      larger: largerLimits(share, asked),
      fairShare: share.fairShare,
      fairPart: fairPartOf(share),
      usedByOthers: this.#usedByOthers(asked, share, row),
      leasedByOthers: leaseAmounts((dimension) => {
        const returned = known === undefined ? 0 : asked.returned[dimension];
        return Math.max(0, share.leased[dimension] - (share.granted[dimension] - returned - asked.consumed[dimension]));
      }),
      grantedAt: now,
      told: amountsOf((dimension) => Math.max(known?.told[dimension] ?? 0, asked.consumed[dimension])),
      unmet: isUnmet(asked, share, known !== undefined),
      pace,
      pacedAt: before?.pacedAt ?? this.#leases.moment().monotonic,
      paced: before?.paced ?? asked.consumed,
      ...(recent !== undefined && { recent }),
      expected,
      low: forecast(
        expected,
        2 * roundTripMs,
        amountsOf((dimension) => share.limits[dimension] ?? Infinity),
      ),
    };
  }

  /** The rates' own part is what this ledger's buckets count as used. */
  #usedByOthers(asked: ScopeAsk, { used }: ScopeGrant, { buckets }: ScopeRow): ScopeGrant['used'] {
    return leaseAmounts((dimension) => {
      if (dimension === 'slots') return 0;
      const own = dimension === 'tokensPerDay' ? asked.consumed.tokensPerDay : buckets[dimension].used;
      return Math.max(0, used[dimension] - own);
    });
  }

  #put({ scopeId, reported, pausedForMs, windows }: ScopeGrant, share: ScopeShare, asked: ScopeAsk, now: number): void {
    const row = this.#store.scope(scopeId);
    const pauses = now + pausedForMs > row.pausedUntil && pausedForMs > 0;
    const newer = windows.filter(
      ({ name, reportedAt }) => !row.windows.some((known) => known.name === name && known.reportedAt >= reportedAt),
    );
    this.#store.putScope(scopeId, {
      ...row,
      reported: { ...row.reported, ...smallerLimits(reported, {}) },
      ...(pauses && { pausedAt: now, pausedUntil: now + pausedForMs }),
      windows: withReported(row.windows, newer),
      lease: { consumed: row.lease?.consumed ?? amountsOf((dimension) => asked.consumed[dimension]), grant: share },
    });
  }
}

const noLease: Omit<PlanLease, 'at'> = { epoch: 0, durationMs: 0, askAgainAt: 0, askedAt: 0, othersWait: false };

/** The limits that hold beside the machine's own and those that the upstream has reported, which change by themselves. */
function limitsBeside({ limits, reported }: ScopeGrant, { set }: ScopeAsk): LeaseLimits {
  const own = smallerLeaseLimits(set, reported);
  const beside: Partial<Record<LeaseDimension, number>> = {};
  for (const dimension of leaseDimensions) {
    const limit = limits[dimension];
    if (limit !== undefined && limit < (own[dimension] ?? Infinity)) beside[dimension] = limit;
  }
  return beside;
}

/** What part of the rates is fair for this machine, 0 to 1: the smallest of them. */
function fairPartOf({ limits, fairShare }: ScopeGrant): number {
  const parts = rateDimensions.map((dimension) => {
    const [limit = 0, fair] = [limits[dimension], fairShare[dimension]];
    return limit > 0 && fair > 0 ? fair / limit : 1;
  });
  return Math.min(1, ...parts);
}

/** The limits that are larger than the machine's own. */
function largerLimits({ limits }: ScopeGrant, { set }: ScopeAsk): LeaseLimits {
  const larger: Partial<Record<LeaseDimension, number>> = {};
  for (const dimension of leaseDimensions) {
    const limit = limits[dimension];
    if (limit !== undefined && limit > (set[dimension] ?? Infinity)) larger[dimension] = limit;
  }
  return larger;
}

/** Whether something that was needed was not granted. */
function isUnmet(asked: ScopeAsk, { granted }: ScopeGrant, sameEpoch: boolean): boolean {
  return leaseDimensions.some((dimension) => {
    if (asked.needs[dimension] <= 0) return false;
    const returned = sameEpoch ? asked.returned[dimension] : 0;
    const room = granted[dimension] - returned - asked.consumed[dimension] - asked.held[dimension];
    return room + rounding < asked.needs[dimension];
  });
}
