import { isRepetition, passedOverBy } from './keptEntries.ts';
import { readTranscript } from './readTranscript.ts';
import { noMessageId, type TranscriptEntry } from './transcriptEntry.ts';
import type { TranscriptPosition } from './transcriptPosition.ts';
import type { NewEntry } from './transcriptRows.ts';

/** What is new in one file. Can be cloned. */
export interface FileReading {
  readonly position: TranscriptPosition;
  /** Whether all entries that the file had are void. */
  readonly startedAnew: boolean;
  readonly entries: readonly NewEntry[];
}

/**
 * Reads a transcript to its end.
 * @param before what the last reading returned; undefined reads all.
 * @returns undefined when the file cannot be read.
 */
export function readFile(path: string, before: TranscriptPosition | undefined): FileReading | undefined {
  const found = new FoundEntries();
  try {
    const { position, startedAnew } = readTranscript(path, before, (entry, offset) => {
      found.add(entry, offset);
    });
    return { position, startedAnew, entries: found.entries };
  } catch (error) {
    if (!isFileError(error)) throw error;
    return undefined;
  }
}

/** What was read in one file, without mere repetitions. */
class FoundEntries {
  readonly entries: NewEntry[] = [];
  readonly #lastOf = new Map<string, NewEntry>();

  add(entry: TranscriptEntry, lineAt: number): void {
    const { at, model, requestId, usage, isSidechain, costUsd, speed } = entry;
    const messageId = entry.messageId ?? noMessageId;
    const found = {
      messageId,
      lineAt,
      at,
      model,
      requestId,
      usage,
      isSidechain,
      costUsd,
      speed,
      passedOverBy: passedOverBy(entry),
    };
    if (messageId !== noMessageId) {
      const last = this.#lastOf.get(messageId);
      if (last !== undefined && isRepetition(found, last)) return;
      this.#lastOf.set(messageId, found);
    }
    this.entries.push(found);
  }
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
