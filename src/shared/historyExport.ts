import { csvText } from './csvText.ts';
import {
  amountTokens,
  type HistoryAmount,
  historyOrigins,
  type HistorySeries,
  type UsageHistory,
} from './usageHistory.ts';

/** The columns of an exported history; one line for each layer and step that has tokens. */
const seriesColumns = ['from', 'to', 'origin', 'by', 'name', 'owner', 'tokens'];
const dayColumns = ['day', 'origin', ...amountColumns()];

function amountColumns(): string[] {
  return [
    'requests',
    'input_tokens',
    'cache_write_tokens',
    'cache_read_tokens',
    'output_tokens',
    'tokens',
    'cost_usd',
    'unpriced_requests',
  ];
}

/** What is drawn over time, as comma-separated values (RFC 4180). Moments are those of ISO 8601, in UTC. */
export function seriesCsv({ query, starts, series, at }: UsageHistory): string {
  const rows = series.flatMap(({ origin, owner, tokens, ...layer }) =>
    tokens.flatMap((count, step) => {
      if (count === 0) return [];
      const [from, to] = [starts[step] ?? at, starts[step + 1] ?? at];
      return [[moment(from), moment(to), origin, query.by, layerName(layer), owner ?? '', count]];
    }),
  );
  return csvText(seriesColumns, rows);
}

/** What a layer is called in what is exported. */
export function layerName({ key, members }: Pick<HistorySeries, 'key' | 'members'>): string {
  return key ?? (members > 1 ? `${members} others` : 'unknown');
}

/** What was used each day, as comma-separated values. Days are those of the local clock. */
export function daysCsv({ days }: UsageHistory): string {
  const rows = days.flatMap((of) =>
    historyOrigins.flatMap((origin) =>
      of[origin].requests === 0 ? [] : [[of.day, origin, ...amountCells(of[origin])]],
    ),
  );
  return csvText(dayColumns, rows);
}

/** All of a history, as JSON; costs that are not known in full say so. */
export function historyJson(history: UsageHistory): string {
  return `${JSON.stringify({ ...history, at: moment(history.at), starts: history.starts.map(moment) }, null, 2)}\n`;
}

/** Of a cost of which nothing is known there is none, rather than zero. */
function amountCells(amount: HistoryAmount): (string | number)[] {
  const { requests, inputTokens, cacheWriteTokens, cacheReadTokens, outputTokens, cost } = amount;
  const isUnknown = cost.unpricedRequests >= requests && cost.usd === 0;
  const tokens = [inputTokens, cacheWriteTokens, cacheReadTokens, outputTokens, amountTokens(amount)];
  return [requests, ...tokens, isUnknown ? '' : cost.usd.toFixed(6), cost.unpricedRequests];
}

function moment(at: number): string {
  return new Date(at).toISOString();
}
