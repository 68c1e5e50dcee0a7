import { totalTokens } from '../core/usage.ts';
import type { TranscriptEntry } from './transcriptEntry.ts';

/**
 * Ways to count. `all` has every message that was answered. The others are those of ccusage's reports, each of which passes
 * some lines over: `daily` (its report by day) those with ill-formed text, `session` (by session, month and block) those in
 * reports of a subagent's progress, and both those with a `null` in a field that they know.
 */
export const countings = ['all', 'daily', 'session'] as const;
export type Counting = (typeof countings)[number];

/** Several countings, bit by bit in the order of `countings`. */
export type CountingSet = number;

/** What decides which of several entries counts. */
export interface Candidate extends Pick<TranscriptEntry, 'requestId' | 'usage' | 'isSidechain' | 'costUsd' | 'speed'> {
  readonly passedOverBy: CountingSet;
}

export function countingBit(counting: Counting): CountingSet {
  return 1 << countings.indexOf(counting);
}

/** Which countings pass an entry over. */
export function passedOverBy({ hasNullField, isIllFormed, isProgress }: TranscriptEntry): CountingSet {
  const daily = hasNullField || isIllFormed ? countingBit('daily') : 0;
  return daily | (hasNullField || isProgress ? countingBit('session') : 0);
}

/**
 * Which entries of one message count: one for each request id, and none of another request where either is a sidechain.
 * A session that goes on in another file, a side question and every further block of a message repeat what was there.
 * Source: ccusage 20, `push_deduped_entry`.
 * @param candidates of one message id, in the order of their files' paths and their places in them.
 */
export function keptEntries<T extends Candidate>(candidates: readonly T[], counting: Counting): T[] {
  const kept: T[] = [];
  for (const candidate of candidates) {
    if ((candidate.passedOverBy & countingBit(counting)) !== 0) continue;
    const same = kept.findIndex(({ requestId }) => requestId === candidate.requestId);
    const index = same === -1 ? kept.findIndex((other) => other.isSidechain || candidate.isSidechain) : same;
    const existing = kept[index];
    if (existing === undefined) kept.push(candidate);
    else if (isBetter(candidate, existing, counting)) kept[index] = candidate;
  }
  return kept;
}

/** Whether one of two entries that are the same counts in the other's place. */
function isBetter(candidate: Candidate, existing: Candidate, counting: Counting): boolean {
  if (candidate.isSidechain !== existing.isSidechain) return existing.isSidechain;
  const more = totalTokens(candidate.usage) - totalTokens(existing.usage);
  if (more !== 0) return more > 0;
  const dearer = (candidate.costUsd ?? 0) - (existing.costUsd ?? 0);
  if (dearer !== 0 && counting !== 'session') return dearer > 0;
  return candidate.speed !== undefined && existing.speed === undefined;
}

/**
 * Whether of two entries of one message, one after the other in a file, the second changes nothing in any counting: as all
 * but the first line of a message's blocks.
 */
export function isRepetition(second: Candidate, first: Candidate): boolean {
  return (
    second.requestId === first.requestId &&
    second.isSidechain === first.isSidechain &&
    second.passedOverBy === first.passedOverBy &&
    !countings.some((counting) => isBetter(second, first, counting))
  );
}
