import type { Tally } from '../quota/tally.ts';

/**
 * The tokens of the requests that the upstream has taken, of those that came into its bucket at the same time and those
 * that had been saved in it and were used: what is saved over the whole time counts as not used.
 * @param from the first second that counts.
 */
export function useOfLimit({ seconds, admissions }: Tally, from: number): number {
  const level = (index: number): number => seconds[index]?.level.tokensPerMinute ?? 0;
  const supply = seconds.slice(from).reduce((sum, second) => sum + second.supply.tokensPerMinute, 0);
  const fromSaved = Math.max(0, level(from) - level(seconds.length - 1));
  const counts = (atMs: number): boolean => atMs >= from * 1000 && atMs < seconds.length * 1000;
  const taken = admissions.reduce((sum, { atMs, amounts }) => sum + (counts(atMs) ? amounts.tokensPerMinute : 0), 0);
  return supply === 0 ? 0 : taken / (supply + fromSaved);
}
