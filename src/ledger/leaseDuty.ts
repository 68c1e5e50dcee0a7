import { isNear } from '../core/lease.ts';
import { amountsOf } from '../core/rateLimits.ts';
import { scopeOfId, type QuotaTerms, type Scope } from '../core/quotaTerms.ts';
import type { LeaseBooks } from './leaseBooks.ts';
import type { LedgerStore } from './ledgerStore.ts';
import type { ScopeBooks } from './scopeBooks.ts';
import type { SessionBooks } from './sessionBooks.ts';

/** The shortest time between two asks that nobody waits for, in milliseconds. */
const betweenMs = 200;
/** How long others wait for what is idle here. */
const giveBackMs = 400;
/** How long what was used stays unreported: where the limits are far, and where they are near. */
const farMs = 2500;
const nearMs = 400;

export interface LeaseDutyBooks {
  readonly store: LedgerStore;
  readonly leases: LeaseBooks;
  readonly scopes: ScopeBooks;
  readonly sessions: SessionBooks;
}

/** What is to be done for a plan's lease. `sleep`: nothing, until something changes. */
export type LeaseDuty = 'ask' | 'watch' | 'sleep';

/**
 * Whether it is time to renew, to report or to give back. Runs within a transaction.
 * @param isWatched somebody looks at the plan's numbers, which are to be true for all machines.
 */
export function leaseDuty(books: LeaseDutyBooks, terms: QuotaTerms, isWatched: boolean, now: number): LeaseDuty {
  const { store, leases, sessions } = books;
  const { planId } = terms;
  const plan = leases.plan(planId);
  const waits = isWatched || store.tickets(planId).length > 0;
  if (waits && sessions.asksForSlot(terms)) return 'ask';
  if (plan === undefined) return isWatched ? 'ask' : waits ? 'watch' : 'sleep';
  const { monotonic } = leases.moment();
  if (plan.away !== undefined) return monotonic >= plan.askAgainAt ? 'ask' : 'watch';
  const ids = store.scopeIds(planId).filter((id) => leases.hasBusiness(id, planId));
  if (ids.length === 0 && !waits) return 'sleep';
  const sinceAsked = monotonic - plan.askedAt;
  if (sinceAsked < betweenMs) return 'watch';
  const unmet = ids.some((id) => leases.isUnmet(id, planId));
  if (unmet && monotonic >= plan.askAgainAt) return 'ask';
  if (monotonic - plan.at.monotonic >= plan.durationMs / 2) return 'ask';
  const untold = ids.filter((id) => leases.untold(id, planId));
  if (untold.length > 0 && sinceAsked >= farMs) return 'ask';
  const pressed = plan.othersWait || untold.some((id) => isNearLimit(books, scopeOfId(terms, id), terms, now));
  if (untold.length > 0 && pressed && sinceAsked >= nearMs) return 'ask';
  if (plan.othersWait && sinceAsked >= giveBackMs && ids.some((id) => leases.isIdle(id, planId))) return 'ask';
  return 'watch';
}

function isNearLimit({ store, leases, scopes }: LeaseDutyBooks, scope: Scope, terms: QuotaTerms, now: number): boolean {
  const share = leases.share(scope.id, terms.planId);
  const row = store.scope(scope.id);
  if (share === undefined) return false;
  const taken = amountsOf((dimension) => row.buckets[dimension].used + row.buckets[dimension].held);
  return isNear(scopes.limits(scope, row, terms, now), taken, share);
}
