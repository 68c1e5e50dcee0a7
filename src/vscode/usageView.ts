import { formatAge, formatCount, formatPercentage } from '../shared/amounts.ts';
import { formatCost } from '../shared/costText.ts';
import type { UsageDay, UsageQuery, UsageSeries, UsageTotals, UsageView } from '../shared/dashboardUsage.ts';
import {
  amountTokens,
  type HistoryOrigin,
  type HistoryPeriod,
  historyPeriods,
  type HistorySeries,
  noAmount,
  type UsageHistory,
  wholeAmount,
} from '../shared/usageHistory.ts';
import { projectName } from './projectName.ts';

/**
 * Usage over time as the dashboard draws it.
 * @param query what it was asked for.
 * @param usedToday tokens of today as they are counted live, by this machine's agents.
 */
export function usageView(history: UsageHistory, query: UsageQuery, now: number, usedToday: number): UsageView {
  return {
    query,
    starts: [...history.starts],
    series: history.series.filter(({ sum }) => amountTokens(sum) > 0).map((series) => layer(series, query)),
    days: lastDays(history, now),
    ...usageTotals(history, now, usedToday),
  };
}

/** The history has requests that have ended. Totals stand beside what is counted live, and are not to contradict it. */
export function usageTotals(history: UsageHistory, now: number, usedToday: number): UsageTotals {
  const underWay = Math.max(0, usedToday - amountTokens(history.totals.today.quota));
  return {
    totals: historyPeriods.map((period) => total(history, period, underWay)),
    remarks: remarks(history, now, underWay),
  };
}

const originRemarks: Readonly<Record<HistoryOrigin, string>> = {
  quota: '',
  machines: ' (on other machines)',
  elsewhere: ' (not through Agent Quota)',
};

function layer({ origin, key, members, tokens, sum }: HistorySeries, { by }: UsageQuery): UsageSeries {
  const others = members > 1 ? `${members} other ${by}s` : `unknown ${by}`;
  // Elsewhere agents have no names, and are told by their projects.
  const name = key !== undefined && origin === 'elsewhere' && by === 'agent' ? projectName(key) : key;
  return {
    label: `${name ?? others}${originRemarks[origin]}`,
    tokens: [...tokens],
    tokensText: formatCount(amountTokens(sum)),
    costText: formatCost(sum.cost),
  };
}

const dayCount = 90;

/** Also those on which nothing was used. */
function lastDays({ days }: UsageHistory, now: number): UsageDay[] {
  const known = new Map(days.map((day) => [day.day, day]));
  const today = new Date(now);
  return Array.from({ length: dayCount }, (_, index) => {
    const date = new Date(today.getFullYear(), today.getMonth(), today.getDate() - (dayCount - 1 - index));
    const day = dayName(date);
    const found = known.get(day);
    const sum = found === undefined ? noAmount : wholeAmount(found);
    const tokens = amountTokens(sum);
    const text = tokens === 0 ? `${day}: nothing` : `${day}: ${formatCount(tokens)} tokens, ${formatCost(sum.cost)}`;
    return { day, tokens, text };
  });
}

function dayName(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const periodNames: Readonly<Record<HistoryPeriod, string>> = {
  today: 'Today',
  sevenDays: '7 days',
  thirtyDays: '30 days',
  ninetyDays: '90 days',
};

function total({ totals }: UsageHistory, period: HistoryPeriod, underWay: number): UsageView['totals'][number] {
  const sum = wholeAmount(totals[period]);
  const tokens = amountTokens(sum) + underWay;
  // Requests are priced when they have ended.
  const cost = tokens > 0 && sum.requests === 0 ? '' : formatCost(sum.cost);
  return { label: periodNames[period], tokens: formatCount(tokens), cost };
}

function remarks(history: UsageHistory, now: number, underWay: number): string[] {
  const { costs, totals, transcripts } = history;
  const found: string[] = [];
  const { otherPlans } = totals.ninetyDays;
  const { cost } = wholeAmount(totals.ninetyDays);
  if (underWay > 0)
    found.push(`${formatCount(underWay)} tokens of requests under way are in the totals; chart and costs follow.`);
  found.push(...remarksOnMachines(history));
  if (costs === 'api-equivalent') found.push('Costs are API-equivalent: what the API would charge.');
  if (cost.unpricedRequests > 0) found.push('A plus marks costs without requests of models of unknown price.');
  const others = amountTokens(otherPlans);
  if (others > 0) found.push(`${formatCount(others)} tokens of other accounts are not in it.`);
  switch (transcripts.kind) {
    case 'off':
      break;
    case 'reading':
      found.push(`Transcripts are being read (${formatPercentage(transcripts.share * 100)}); there is more to come.`);
      break;
    case 'read':
      if (transcripts.unreadableFiles > 0)
        found.push(`${transcripts.unreadableFiles} of ${transcripts.files} transcripts cannot be read.`);
      if (now - transcripts.at >= 60_000) found.push(`Transcripts as of ${formatAge(now - transcripts.at)} ago.`);
      break;
    case 'failed':
      found.push(`Transcripts are not in it: ${transcripts.reason}`);
      break;
  }
  return found;
}

function remarksOnMachines({ otherMachines, totals }: UsageHistory): string[] {
  const of = (period: HistoryPeriod): string => formatCount(amountTokens(totals[period].machines));
  const parts = `${of('today')} of today’s tokens and ${of('ninetyDays')} of those of 90 days`;
  switch (otherMachines.kind) {
    case 'none':
      return [];
    case 'reading':
      return ['What other machines used is being read.'];
    case 'known':
      return amountTokens(totals.ninetyDays.machines) === 0 ? [] : [`Other machines used ${parts}.`];
    case 'away':
      return [`What other machines used may be missing: ${otherMachines.reason}`];
  }
}
