import { formatCount, formatNumberOf } from './amounts.ts';
import type { Cost } from './usageHistory.ts';

/** Whether nothing of it has a known price: then the amount is no zero. */
export function isUnknownCost({ usd, unpricedRequests }: Cost): boolean {
  return usd <= 0 && unpricedRequests > 0;
}

/** For example "$0.42", "<$0.01", "$1.2k"; with a plus when there is more that has no known price; "unknown" when all has none. */
export function formatCost(cost: Cost): string {
  if (isUnknownCost(cost)) return 'unknown';
  const { usd, unpricedRequests } = cost;
  if (usd <= 0) return '$0';
  const amount = usd < 0.01 ? '<$0.01' : usd < 1000 ? `$${usd.toFixed(2)}` : `$${formatCount(usd)}`;
  return unpricedRequests > 0 ? `${amount}+` : amount;
}

/** What is to be known of a cost beside its amount; empty when nothing is. */
export function costDetail({ unpricedRequests }: Cost, costs: 'billed' | 'api-equivalent'): string {
  const unknown =
    unpricedRequests === 0 ? [] : [`without ${formatNumberOf(unpricedRequests, 'request')} of unknown price`];
  const equivalent = costs === 'billed' ? ['at list prices'] : ['what the API would charge'];
  return [...equivalent, ...unknown].join(', ');
}
