import type { LimitStatus } from '../shared/limitStatus.ts';

/** Names a limit of one account, the same in all windows. */
export function limitKey(
  planId: string,
  { dimension, models = '' }: Pick<LimitStatus, 'dimension' | 'models'>,
): string {
  return `${planId} ${dimension} ${models}`;
}

/**
 * Names what is told of a limit: of a day's limit that the user changes, anew. A subscription's windows are in percent and
 * have no size of their own, and what is this machine's part changes by itself.
 */
export function toldKey(planId: string, limit: Pick<LimitStatus, 'dimension' | 'models' | 'limit'>): string {
  const key = limitKey(planId, limit);
  return limit.dimension === 'tokensPerDay' ? `${key} of ${limit.limit}` : key;
}

/** Anthropic's reports of one period's end differ by seconds. */
const stepMs = 10 * 60_000;

/** Names the period of something that ends at a moment, and the periods that it may be taken for. */
export function periodOf(what: string, endsAt: number): { readonly key: string; readonly alike: readonly string[] } {
  const step = Math.floor(endsAt / stepMs);
  const named = (index: number): string => `${what} until ${index}`;
  return { key: named(step), alike: [named(step - 1), named(step + 1)] };
}
