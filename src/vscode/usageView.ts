import { formatAge, formatCount, formatPercentage } from '../shared/amounts.ts';
import { formatCost } from '../shared/costText.ts';
import { type UsageDay, type UsageQuery, type UsageSeries, type UsageView } from '../shared/dashboardUsage.ts';
import {
  addAmounts,
  amountTokens,
  type HistoryPeriod,
  historyPeriods,
  type HistorySeries,
  noAmount,
  type UsageHistory,
} from '../shared/usageHistory.ts';
import { projectName } from './projectName.ts';

/** Usage over time as the dashboard draws it. @param query what it was asked for. */
export function usageView(history: UsageHistory, query: UsageQuery, now: number): UsageView {
  return {
    query,
    starts: [...history.starts],
    series: history.series.filter(({ sum }) => amountTokens(sum) > 0).map((series) => layer(series, query)),
    days: lastDays(history, now),
    totals: historyPeriods.map((period) => total(history, period)),
    remarks: remarks(history, now),
  };
}

function layer({ origin, key, members, tokens, sum }: HistorySeries, { by }: UsageQuery): UsageSeries {
  const others = members > 1 ? `${members} other ${by}s` : `unknown ${by}`;
  // Elsewhere agents have no names, and are told by their projects.
  const name = key !== undefined && origin === 'elsewhere' && by === 'agent' ? projectName(key) : key;
  return {
    label: `${name ?? others}${origin === 'elsewhere' ? ' (not through Agent Quota)' : ''}`,
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
    const sum = found === undefined ? noAmount : addAmounts(found.quota, found.elsewhere);
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

function total({ totals }: UsageHistory, period: HistoryPeriod): UsageView['totals'][number] {
  const sum = addAmounts(totals[period].quota, totals[period].elsewhere);
  return { label: periodNames[period], tokens: formatCount(amountTokens(sum)), cost: formatCost(sum.cost) };
}

function remarks({ costs, totals, transcripts }: UsageHistory, now: number): string[] {
  const found: string[] = [];
  const { quota, elsewhere, otherPlans } = totals.ninetyDays;
  const { cost } = addAmounts(quota, elsewhere);
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
