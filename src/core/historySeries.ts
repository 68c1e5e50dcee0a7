import {
  addAmounts,
  amountTokens,
  type HistoryAmount,
  type HistoryGrouping,
  type HistorySeries,
  noAmount,
} from '../shared/usageHistory.ts';
import type { HistoryPart } from './historyPart.ts';

/** Layers that a chart can tell apart, each in a colour of its own; the smallest are one. */
export const mostSeries = 7;

interface Layer {
  readonly origin: HistoryPart['origin'];
  readonly key: string | undefined;
  readonly owner: string | undefined;
  readonly tokens: number[];
  sum: HistoryAmount;
  members: number;
}

/** What is used in steps, in layers, the largest first. @param starts where the steps begin, in order. */
export function seriesOf(
  parts: readonly HistoryPart[],
  by: HistoryGrouping,
  starts: readonly number[],
): HistorySeries[] {
  const layers = new Map<string, Layer>();
  for (const part of parts) {
    const step = stepOf(part.at, starts);
    if (step < 0 || !part.isOwn) continue;
    const key = { agent: part.owner, model: part.model, session: part.sessionId }[by];
    const id = JSON.stringify([part.origin, key ?? null]);
    let layer = layers.get(id);
    if (layer === undefined) {
      layer = emptyLayer(part.origin, key, by === 'session' ? part.owner : undefined, starts.length);
      layers.set(id, layer);
    }
    layer.sum = addAmounts(layer.sum, part.amount);
    layer.tokens[step] = (layer.tokens[step] ?? 0) + amountTokens(part.amount);
  }
  const found = [...layers.values()].sort((a, b) => amountTokens(b.sum) - amountTokens(a.sum));
  return within(mostSeries, found, starts.length).map(({ owner, ...layer }) => ({
    ...layer,
    ...(owner !== undefined && { owner }),
  }));
}

/** As many of the largest as there is room for beside the rest, which has a layer for each origin. */
function within(most: number, layers: readonly Layer[], steps: number): readonly Layer[] {
  if (layers.length <= most) return layers;
  for (let large = most - 1; large > 0; large -= 1) {
    const rest = restOf(layers.slice(large), steps);
    if (large + rest.length <= most) return [...layers.slice(0, large), ...rest];
  }
  return restOf(layers, steps);
}

/** The small ones of each origin as one. */
function restOf(layers: readonly Layer[], steps: number): Layer[] {
  const small = Map.groupBy(layers, ({ origin }) => origin);
  return [...small].map(([origin, members]) => {
    const [only] = members;
    if (only !== undefined && members.length === 1) return only;
    const sum = emptyLayer(origin, undefined, undefined, steps);
    sum.members = members.length;
    for (const member of members) {
      sum.sum = addAmounts(sum.sum, member.sum);
      for (const [step, tokens] of member.tokens.entries()) sum.tokens[step] = (sum.tokens[step] ?? 0) + tokens;
    }
    return sum;
  });
}

function emptyLayer(origin: Layer['origin'], key: string | undefined, owner: string | undefined, steps: number): Layer {
  return { origin, key, owner, tokens: Array.from({ length: steps }, () => 0), sum: noAmount, members: 1 };
}

/** The step that a moment is in; -1 when it is before the first. */
function stepOf(at: number, starts: readonly number[]): number {
  let [first, end] = [0, starts.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if ((starts[middle] ?? 0) <= at) first = middle + 1;
    else end = middle;
  }
  return first - 1;
}
