import { calendarDay } from '../core/calendarDay.ts';
import type { LedgerView, SessionActivity } from '../core/ledger.ts';
import { currentWindows } from '../core/planWindow.ts';
import { limitStatus, rateStatus } from '../core/planStatus.ts';
import type { QuotaStatus } from '../core/quotaStatus.ts';
import type { LimitStatus } from '../shared/limitStatus.ts';
import { planScope, scopeOfId, type QuotaTerms, type Scope } from '../core/quotaTerms.ts';
import type { LiveSession } from '../core/session.ts';
import { addUsage, noUsage, type Usage } from '../core/usage.ts';
import type { LedgerStore } from './ledgerStore.ts';
import type { ScopeBooks } from './scopeBooks.ts';

/** Reads all that the screen shows. Runs within a transaction, so that its numbers belong together. */
export function viewLedger(store: LedgerStore, scopes: ScopeBooks, terms: QuotaTerms, now: number): LedgerView {
  const planId = terms.planId;
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
    status: quotaStatus(store, scopes, terms, now),
    sessions: store.liveSessions().map((session) => withUsage(session, underWay.get(session.sessionId))),
    activity,
    subagents: store.subagentUsage(),
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

function quotaStatus(store: LedgerStore, scopes: ScopeBooks, terms: QuotaTerms, now: number): QuotaStatus {
  const plan = planScope(terms);
  const { pausedUntil } = store.scope(plan.id);
  const groups = store
    .scopeIds(plan.planId)
    .map((id) => scopeOfId(terms, id))
    .filter((scope) => scope.kind === 'model');
  const shown = groups.flatMap((scope) => scopeStatus(scope, store, scopes, terms, now));
  const pausedModels = groups
    .map(({ id, group }) => ({ models: group, until: store.scope(id).pausedUntil }))
    .filter(({ until }) => until > now);
  const limits = [...scopeStatus(plan, store, scopes, terms, now), ...shown];
  const share = scopes.leases?.share(plan.id, plan.planId);
  const slots = {
    limit: terms.plan.concurrentAgents,
    used: store.slotHolders(plan.planId).length,
    others: share?.leasedByOthers.slots ?? 0,
    whole: scopes.leases?.wholeLimits(plan.id).slots,
  };
  return {
    at: now,
    planKind: terms.plan.kind,
    percentage: Math.max(0, ...limits.map(({ percentage }) => percentage)),
    limits: [...limits, limitStatus('slots', slots, undefined, 'setting')],
    ...(pausedUntil > now && { pausedUntil }),
    pausedModels,
  };
}

function scopeStatus(
  scope: Scope,
  store: LedgerStore,
  scopes: ScopeBooks,
  terms: QuotaTerms,
  now: number,
): LimitStatus[] {
  const { limits, buckets } = scopes.facts(scope, terms, now);
  const { reported, windows } = store.scope(scope.id);
  const shown: LimitStatus[] = rateStatus(limits, reported, buckets, scopes.shared(scope, limits, terms, now));
  const day = scopes.dayUse(scope, terms, now);
  if (day !== undefined) {
    const use = { ...day, used: day.used + day.held };
    const resetsAt = use.used + use.others > 0 ? calendarDay(now).endsAt : undefined;
    shown.push(limitStatus('tokensPerDay', use, resetsAt, 'setting'));
  }
  for (const { name, utilization, resetsAt, reportedAt } of currentWindows(windows, now)) {
    shown.push({ ...limitStatus(name, { limit: 100, used: utilization * 100 }, resetsAt, 'reported'), reportedAt });
  }
  return scope.kind === 'model' ? shown.map((limit) => ({ ...limit, models: scope.group })) : shown;
}
