import type { Figures } from './figures.ts';

/** What the benchmark is judged by. */
export interface QuotaSummary {
  readonly upstream429: number;
  readonly utilisation: number;
  readonly jain: number;
  readonly waitP95Seconds: number;
  /** Our work done, divided by that of the best of the others. */
  readonly completedRatioToBestPeer: number;
}

/** @param figures of one scenario, ours first. */
export function quotaSummary(figures: ReadonlyMap<string, Figures>): QuotaSummary {
  const [ours, ...others] = figures.values();
  if (ours === undefined) throw new Error('There are no figures.');
  const best = Math.max(1, ...others.map(({ completedTokens }) => completedTokens));
  return {
    upstream429: ours.upstream429,
    utilisation: rounded(ours.utilisation),
    jain: rounded(ours.jain),
    waitP95Seconds: rounded(ours.waitP95Seconds),
    completedRatioToBestPeer: rounded(ours.completedTokens / best),
  };
}

/** The goals that a scenario's figures miss, in words. */
export function missedGoals(figures: ReadonlyMap<string, Figures>): string[] {
  const { upstream429, utilisation, jain, completedRatioToBestPeer } = quotaSummary(figures);
  return [
    ...(upstream429 > 0 ? [`${upstream429} upstream 429s (goal: 0)`] : []),
    ...(utilisation < 0.97 ? [`utilisation ${utilisation} (goal: 0.97)`] : []),
    ...(jain < 0.99 ? [`Jain's index ${jain} (goal: 0.99)`] : []),
    ...(completedRatioToBestPeer <= 1
      ? [`work done ${completedRatioToBestPeer} of the best other's (goal: more)`]
      : []),
  ];
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}
