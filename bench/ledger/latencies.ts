/** A distribution of times, in milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

export function latenciesOf(times: readonly number[]): Latencies {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), worst: sorted.at(-1) ?? 0 };
}

/** The median of several rounds, each figure for itself. */
export function medianOf(rounds: readonly Latencies[]): Latencies {
  const of = (figure: (round: Latencies) => number): number => median(rounds.map(figure));
  return {
    count: rounds.reduce((sum, { count }) => sum + count, 0),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    worst: of(({ worst }) => worst),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
