import { sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isUnchanged, ReadingAhead, type ReadFile } from './readingAhead.ts';
import { type FileLook, type TranscriptFile, transcriptFiles } from './transcriptFiles.ts';
import type { TranscriptReaders } from './transcriptReaders.ts';
import type { TranscriptStore } from './transcriptStore.ts';

/** How far an import is. */
export interface ImportProgress {
  readonly files: number;
  readonly filesRead: number;
  readonly bytes: number;
  readonly bytesRead: number;
}

export interface ImportOptions {
  readonly configDirectories: readonly string[];
  readonly progress?: (progress: ImportProgress) => void;
  /** Rejects the import; what was read by then stays. */
  readonly signal?: AbortSignal | undefined;
  /** The file system's when left out. */
  readonly look?: FileLook;
}

/** What an import has found. */
export interface ImportSummary {
  /** Those that cannot be looked at included. */
  readonly files: number;
  /** New or changed ones. */
  readonly read: number;
  /** Files that are no longer there. */
  readonly gone: number;
  /** Files, and folders, that could not be read; they are tried again the next time, and what is known of them stays. */
  readonly unreadable: number;
}

/** Bytes that are read before they are kept, and others get at the file. */
const batchBytes = 128 * 1024 * 1024;

/**
 * Brings a store up to date with the transcripts: reads what is new, and forgets what is gone.
 * @param readersFor what reads so many bytes; it is closed when they are read.
 * @throws AbortError, or SQLite's error.
 */
export async function importTranscripts(
  store: TranscriptStore,
  readersFor: (bytes: number) => TranscriptReaders,
  options: ImportOptions,
): Promise<ImportSummary> {
  const { configDirectories, progress, signal, look } = options;
  const { files, unseen } = transcriptFiles(configDirectories, look);
  const known = new Map(store.transcripts().map((transcript) => [transcript.path, transcript]));
  const changed = files.filter((file) => !isUnchanged(file, known.get(file.path)));
  for (const { path } of files) known.delete(path);
  // What cannot be looked at for now is not gone.
  for (const path of known.keys()) if (unseen.some((place) => isWithin(path, place))) known.delete(path);
  if (known.size > 0) {
    store.atOnce(() => {
      store.removeTranscripts([...known.values()].map(({ transcriptId }) => transcriptId));
    });
  }
  const told = { files: changed.length, bytes: sizeOf(changed) };
  const summary = { files: files.length + unseen.length, read: changed.length, gone: known.size };
  if (changed.length === 0) return { ...summary, unreadable: unseen.length };
  const reading = new ReadingAhead(store, changed, readersFor(told.bytes));
  try {
    let [filesRead, bytesRead, filesKept, unreadable] = [0, 0, 0, unseen.length];
    const onRead = (file: TranscriptFile): void => {
      filesRead += 1;
      bytesRead += sizeOf([file]);
      progress?.({ ...told, filesRead, bytesRead });
    };
    while (filesKept < changed.length) {
      const batch = await reading.next(batchBytes, signal, onRead);
      const outdated = new Set<TranscriptFile>();
      store.atOnce(() => {
        for (const read of batch) if (!take(store, read)) outdated.add(read.file);
      });
      for (const file of outdated) {
        reading.again(file);
        filesRead -= 1;
        bytesRead -= sizeOf([file]);
      }
      filesKept += batch.length - outdated.size;
      unreadable += batch.filter((read) => read.reading === undefined && !outdated.has(read.file)).length;
      signal?.throwIfAborted();
    }
    return { ...summary, unreadable };
  } finally {
    await reading.close();
  }
}

/** @param place of the file itself, or of a folder that it is in. */
function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(place + sep);
}

function sizeOf(files: readonly TranscriptFile[]): number {
  return files.reduce((sum, { stats }) => sum + Number(stats.size), 0);
}

/** @returns false when another window has read the file since its reading began: it is to be read again. */
function take(store: TranscriptStore, { file, before, reading }: ReadFile): boolean {
  if (reading === undefined || reading === 'known') return true;
  const now = store.transcript(file.path);
  if (isUnchanged(file, now)) return true;
  if (!isDeepStrictEqual(now?.position, before?.position)) return false;
  if (reading.startedAnew && before !== undefined) store.removeTranscripts([before.transcriptId]);
  store.addEntries(store.putTranscript(file, reading.position), reading.entries);
  return true;
}
