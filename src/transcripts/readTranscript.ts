import { open } from 'node:fs/promises';
import { fileIdentity } from './fileIdentity.ts';
import { parseTranscriptLine } from './parseTranscriptLine.ts';
import { type TranscriptEntry } from './transcriptEntry.ts';
import { positionIn, resumedOffset, type TranscriptPosition } from './transcriptPosition.ts';
import { UsageLines } from './usageLines.ts';

/** What reading on has found. */
export interface TranscriptReading {
  readonly position: TranscriptPosition;
  /** Whether the file is another one than before, or was cut or rewritten: all entries that it had are void. */
  readonly startedAnew: boolean;
}

/**
 * Reads on in a transcript.
 * @param before what the last reading returned; undefined reads all.
 * @param onEntry is given each new entry and where its line begins, in bytes.
 * @param signal rejects the promise when it is aborted.
 * @throws the file system's error.
 */
export async function readTranscript(
  path: string,
  before: TranscriptPosition | undefined,
  onEntry: (entry: TranscriptEntry, offset: number) => void,
  signal?: AbortSignal,
): Promise<TranscriptReading> {
  const file = await open(path, 'r');
  try {
    const stats = await file.stat({ bigint: true });
    const identity = fileIdentity(stats);
    const from = await resumedOffset(file, identity, Number(stats.size), before);
    const lines = new UsageLines((line, offset) => {
      const entry = parseTranscriptLine(line);
      if (entry !== undefined) onEntry(entry, offset);
      return entry !== undefined;
    }, signal);
    const offset = await lines.read(file, from);
    return {
      position: await positionIn(file, identity, offset),
      startedAnew: before !== undefined && from === 0 && before.offset > 0,
    };
  } finally {
    await file.close();
  }
}
