import {
  addAmounts,
  type HistoryDay,
  historyOrigins,
  type HistoryPeriod,
  type HistoryTotal,
  noAmount,
  type UsageHistory,
} from '../shared/usageHistory.ts';
import { calendarDay } from './calendarDay.ts';
import type { HistoryPart } from './historyPart.ts';
import { historyDays, lastDays } from './historySteps.ts';

const nothing: HistoryTotal = { quota: noAmount, machines: noAmount, otherPlans: noAmount, elsewhere: noAmount };

/** What was used on each local day and in all. @param parts of the last 90 local days. */
export function totalsOf(parts: readonly HistoryPart[], now: number): Pick<UsageHistory, 'days' | 'totals'> {
  const byDay = new Map<string, HistoryTotal>();
  const keys = new Map<number, string>();
  for (const { at, origin, isOwn, amount } of parts) {
    const day = keys.get(at) ?? calendarDay(at).key;
    keys.set(at, day);
    const known = byDay.get(day) ?? nothing;
    const which = isOwn ? origin : 'otherPlans';
    byDay.set(day, { ...known, [which]: addAmounts(known[which], amount) });
  }
  const last = lastDays(historyDays, now).map((at) => calendarDay(at).key);
  const of = (count: number): HistoryTotal =>
    last.slice(-count).reduce((sum, day) => addTotals(sum, byDay.get(day) ?? nothing), nothing);
  const totals: Record<HistoryPeriod, HistoryTotal> = {
    today: of(1),
    sevenDays: of(7),
    thirtyDays: of(30),
    ninetyDays: of(historyDays),
  };
  return { days: last.flatMap((day) => dayOf(day, byDay.get(day))), totals };
}

function dayOf(day: string, total: HistoryTotal | undefined): HistoryDay[] {
  if (total === undefined) return [];
  const { quota, machines, elsewhere } = total;
  return historyOrigins.every((origin) => total[origin].requests === 0) ? [] : [{ day, quota, machines, elsewhere }];
}

function addTotals(a: HistoryTotal, b: HistoryTotal): HistoryTotal {
  return {
    quota: addAmounts(a.quota, b.quota),
    machines: addAmounts(a.machines, b.machines),
    otherPlans: addAmounts(a.otherPlans, b.otherPlans),
    elsewhere: addAmounts(a.elsewhere, b.elsewhere),
  };
}
