import { markdownTable } from '../markdownTable.ts';
import type { Figures } from './figures.ts';

const head = [
  'contestant',
  'upstream 429s',
  'utilisation',
  'strict',
  'Jain',
  'wait p50',
  'wait p95',
  'work done (M tokens)',
  'answered (M tokens)',
  'answered requests',
  'failed',
] as const;

/** One scenario's figures, a line for each contestant. */
export function quotaTable(figures: ReadonlyMap<string, Figures>): string {
  return markdownTable(
    head,
    [...figures].map(([name, of]) => [
      name,
      whole(of.upstream429),
      of.utilisation.toFixed(3),
      of.strictUtilisation.toFixed(3),
      of.jain.toFixed(3),
      `${of.waitP50Seconds.toFixed(1)} s`,
      `${of.waitP95Seconds.toFixed(1)} s`,
      millions(of.completedTokens),
      millions(of.answeredTokens),
      whole(of.answeredRequests),
      whole(of.failedRequests),
    ]),
  );
}

function whole(count: number): string {
  return count.toLocaleString('en-US');
}

function millions(tokens: number): string {
  return (tokens / 1e6).toFixed(2);
}
