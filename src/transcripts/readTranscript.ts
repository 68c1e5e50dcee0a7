import { closeSync, fstatSync, openSync } from 'node:fs';
import { fileIdentity } from './fileIdentity.ts';
import { parseUsageLine } from './parseTranscriptLine.ts';
import type { TranscriptEntry } from './transcriptEntry.ts';
import { positionIn, resumedOffset, type TranscriptPosition } from './transcriptPosition.ts';
import { UsageLines } from './usageLines.ts';

/** What reading on has found. */
export interface TranscriptReading {
  readonly position: TranscriptPosition;
  /** Whether the file is another one than before, or was cut or rewritten: all entries that it had are void. */
  readonly startedAnew: boolean;
  /** Whether there was no more to read. */
  readonly isAtEnd: boolean;
}

/**
 * Reads on in a transcript, in this thread: one that must not stall is not to call it for more than a few new lines.
 * @param before what the last reading returned; undefined reads all.
 * @param onEntry is given each new entry and where its line begins, in bytes.
 * @param mostBytes stops after about so many.
 * @throws the file system's error.
 */
export function readTranscript(
  path: string,
  before: TranscriptPosition | undefined,
  onEntry: (entry: TranscriptEntry, offset: number) => void,
  mostBytes?: number,
): TranscriptReading {
  const file = openSync(path, 'r');
  try {
    const stats = fstatSync(file, { bigint: true });
    const identity = fileIdentity(stats);
    const from = resumedOffset(file, identity, Number(stats.size), before);
    const lines = new UsageLines((line, offset) => {
      const entry = parseUsageLine(line);
      if (entry !== undefined) onEntry(entry, offset);
      return entry !== undefined;
    });
    const { offset, isAtEnd } = lines.read(file, from, mostBytes);
    return {
      position: positionIn(file, identity, offset),
      startedAnew: before !== undefined && from === 0 && before.offset > 0,
      isAtEnd,
    };
  } finally {
    closeSync(file);
  }
}
