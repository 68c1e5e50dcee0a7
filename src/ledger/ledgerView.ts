import { calendarDay } from '../core/calendarDay.ts';
import { planIdOf, type LedgerView, type SessionActivity } from '../core/ledger.ts';
import { type Plan } from '../core/plan.ts';
import { limitStatus, rateStatus } from '../core/planStatus.ts';
import { type LimitStatus, type QuotaStatus } from '../core/quotaStatus.ts';
import { type LiveSession } from '../core/session.ts';
import { addUsage, noUsage, type Usage } from '../core/usage.ts';
import { type LedgerStore } from './ledgerStore.ts';
import { type PlanBooks } from './planBooks.ts';

/** Reads all that the screen shows. Runs within a transaction, so that its numbers belong together. */
export function viewLedger(store: LedgerStore, plans: PlanBooks, plan: Plan, now: number): LedgerView {
  const planId = planIdOf(plan);
  const activity = new Map<string, SessionActivity>();
  const underWay = new Map<string, Usage>();
  let usedToday = store.day(planId, calendarDay(now).key).usage;
  for (const reservation of store.reservationActivity()) {
    const { sessionId, state, usage } = reservation;
    if (state === 'gone') continue;
    activity.set(sessionId, counted(activity.get(sessionId), state === 'admitted' || state === 'running'));
    if (usage === undefined) continue;
    underWay.set(sessionId, addUsage(underWay.get(sessionId) ?? noUsage, usage));
    if (reservation.planId === planId) usedToday = addUsage(usedToday, usage);
  }
  return {
    status: quotaStatus(store, plans, plan, now),
    sessions: store.liveSessions().map((session) => withUsage(session, underWay.get(session.sessionId))),
    activity,
    line: store
      .tickets(planId)
      .map(({ ticket, agentId, since }, index) => ({ ticket, agentId, place: index + 1, waitingSince: since })),
    usedToday,
  };
}

function counted(known: SessionActivity | undefined, running: boolean): SessionActivity {
  const { waitingRequests, runningRequests } = known ?? { waitingRequests: 0, runningRequests: 0 };
  return running
    ? { waitingRequests, runningRequests: runningRequests + 1 }
    : { waitingRequests: waitingRequests + 1, runningRequests };
}

function withUsage(session: LiveSession, underWay: Usage | undefined): LiveSession {
  return underWay === undefined ? session : { ...session, usage: addUsage(session.usage, underWay) };
}

function quotaStatus(store: LedgerStore, plans: PlanBooks, plan: Plan, now: number): QuotaStatus {
  const { limits, reported, buckets } = plans.state(plan, now);
  const shown: LimitStatus[] = rateStatus(limits, reported, buckets);
  const day = plans.day(plan, now);
  if (day !== undefined) {
    const used = day.used + day.held;
    const resetsAt = used > 0 ? calendarDay(now).endsAt : undefined;
    shown.push(limitStatus('tokensPerDay', day.limit, used, resetsAt, 'setting'));
  }
  const { pausedUntil } = store.plan(planIdOf(plan));
  return {
    at: now,
    planKind: plan.kind,
    percentage: Math.max(0, ...shown.map(({ percentage }) => percentage)),
    limits: [
      ...shown,
      limitStatus('slots', plan.concurrentAgents, store.slotHolders(planIdOf(plan)).length, undefined, 'setting'),
    ],
    ...(pausedUntil > now && { pausedUntil }),
  };
}
