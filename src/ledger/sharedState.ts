import { isLeaseGood } from '../core/lease.ts';
import type { SharedState } from '../core/sharedState.ts';
import type { LeaseBooks } from './leaseBooks.ts';

/** How a plan's quota is shared now. Runs within a transaction. */
export function sharedState(leases: LeaseBooks, planId: string): Omit<SharedState, 'machines'> {
  const plan = leases.plan(planId);
  const away = plan?.away;
  if (plan === undefined || away === undefined) return { kind: 'live' };
  const state = leases.state(planId);
  const kind = isLeaseGood(plan, leases.moment()) ? 'lease' : state === 'safe-share' ? 'safe-share' : 'waiting';
  return { kind, awaySince: away.since.wall, message: away.message };
}
