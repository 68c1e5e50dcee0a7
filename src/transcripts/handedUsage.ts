import { noUsage, totalTokens, type Usage } from '../core/usage.ts';
import type { TranscriptEntry } from './transcriptEntry.ts';

/** Tells what entries of a session add to what it is known to have used. */
export class HandedUsage {
  readonly #byMessage = new Map<string, TranscriptEntry[]>();

  /**
   * @param path and @param offset of the entry's line.
   * @returns what was not handed over yet: all of it for a new message, what it has more where a later line of the same
   * message says more, and undefined for what is known.
   */
  take(entry: TranscriptEntry, path: string, offset: number): Usage | undefined {
    const key = entry.messageId ?? `${path}\n${offset}\n${entry.at}`;
    const known = this.#byMessage.get(key) ?? [];
    const index = known.findIndex(
      (other) => other.requestId === entry.requestId || other.isSidechain || entry.isSidechain,
    );
    const before = known[index];
    if (before !== undefined && totalTokens(entry.usage) <= totalTokens(before.usage)) return undefined;
    if (before !== undefined && entry.isSidechain && !before.isSidechain) return undefined;
    this.#byMessage.set(key, before === undefined ? [...known, entry] : known.with(index, entry));
    return before === undefined ? entry.usage : grown(entry.usage, before.usage);
  }
}

function grown(now: Usage, before: Usage): Usage {
  const more = { ...noUsage };
  for (const field of usageFields) more[field] = Math.max(0, now[field] - before[field]);
  return more;
}

const usageFields = [
  'inputTokens',
  'cacheCreation5mTokens',
  'cacheCreation1hTokens',
  'cacheReadTokens',
  'outputTokens',
] as const satisfies readonly (keyof Usage)[];
