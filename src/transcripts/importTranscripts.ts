import { setImmediate as immediate } from 'node:timers/promises';
import { isRepetition, passedOverBy } from './keptEntries.ts';
import { readTranscript } from './readTranscript.ts';
import { type TranscriptEntry } from './transcriptEntry.ts';
import { type TranscriptFile, transcriptFiles } from './transcriptFiles.ts';
import { type NewEntry, type ReadTranscript } from './transcriptRows.ts';
import { noMessageId, type TranscriptStore } from './transcriptStore.ts';

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
  /** Milliseconds of rest after so much reading, for others that need the disk; 0 takes none. */
  readonly restMs?: number;
}

/** What an import has found. */
export interface ImportSummary {
  readonly files: number;
  /** New or changed ones. */
  readonly read: number;
  /** Files that are no longer there. */
  readonly gone: number;
  /** Files that could not be read; they are tried again the next time. */
  readonly unreadable: number;
}

/** Bytes that are read before they are kept, and others get at the file. */
const batchBytes = 32 * 1024 * 1024;

/**
 * Brings a store up to date with the transcripts: reads what is new, and forgets what is gone.
 * @throws AbortError, or SQLite's error.
 */
export async function importTranscripts(store: TranscriptStore, options: ImportOptions): Promise<ImportSummary> {
  const { configDirectories, progress, signal, restMs = 0 } = options;
  const files = transcriptFiles(configDirectories);
  const known = new Map(store.transcripts().map((transcript) => [transcript.path, transcript]));
  const changed = files.filter((file) => !isUnchanged(file, known.get(file.path)));
  for (const { path } of files) known.delete(path);
  const bytes = changed.reduce((sum, file) => sum + bytesToRead(file), 0);
  const [toldOf, total] = [{ files: changed.length, bytes }, changed.length];
  let [bytesRead, next, unreadable] = [0, 0, 0];
  if (known.size > 0) await store.atOnce(() => forget(store, [...known.keys()]));
  while (next < total) {
    const enough = bytesRead + batchBytes;
    await store.atOnce(async () => {
      for (; next < total && bytesRead < enough; next += 1) {
        const file = changed[next];
        if (file === undefined) break;
        // Messages come in between, among them the one that ends this.
        await immediate();
        signal?.throwIfAborted();
        if (!importFile(store, file)) unreadable += 1;
        bytesRead += bytesToRead(file);
      }
    });
    progress?.({ ...toldOf, filesRead: next, bytesRead });
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  return { files: files.length, read: total, gone: known.size, unreadable };
}

function forget(store: TranscriptStore, paths: readonly string[]): Promise<void> {
  const ids = paths.map((path) => store.transcript(path)?.transcriptId).filter((id) => id !== undefined);
  store.removeTranscripts(ids);
  return Promise.resolve();
}

function isUnchanged({ stats }: TranscriptFile, known: ReadTranscript | undefined): boolean {
  return (
    known?.modifiedAt === String(stats.mtimeNs) &&
    known.size === Number(stats.size) &&
    known.position.identity.inode === String(stats.ino)
  );
}

function bytesToRead({ stats }: TranscriptFile): number {
  return Number(stats.size);
}

/** @returns false when the file cannot be read. */
function importFile(store: TranscriptStore, file: TranscriptFile): boolean {
  // Another window may have read it meanwhile.
  const before = store.transcript(file.path);
  if (isUnchanged(file, before)) return true;
  const found = new FoundEntries();
  try {
    const { position, startedAnew } = readTranscript(file.path, before?.position, (entry, offset) => {
      found.add(entry, offset);
    });
    if (startedAnew && before !== undefined) store.removeTranscripts([before.transcriptId]);
    store.addEntries(store.putTranscript(file, position), found.entries);
    return true;
  } catch (error) {
    if (!isFileError(error)) throw error;
    return false;
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
