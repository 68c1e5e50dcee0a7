import { setImmediate as immediate } from 'node:timers/promises';
import type { FileReading } from './fileReading.ts';
import type { TranscriptFile } from './transcriptFiles.ts';
import type { TranscriptReaders } from './transcriptReaders.ts';
import type { ReadTranscript } from './transcriptRows.ts';
import type { TranscriptStore } from './transcriptStore.ts';

/** A file that was read. */
export interface ReadFile {
  readonly file: TranscriptFile;
  /** What was known of it when its reading began. */
  readonly before: ReadTranscript | undefined;
  /** `known` when nothing was new in it, and undefined when it cannot be read. */
  readonly reading: FileReading | 'known' | undefined;
}

interface BegunFile extends Omit<ReadFile, 'reading'> {
  readonly reading: Promise<ReadFile['reading']>;
}

/** Reads files in their order, some ahead of what is asked for. */
export class ReadingAhead {
  readonly #store: TranscriptStore;
  readonly #readers: TranscriptReaders;
  readonly #files: TranscriptFile[];
  readonly #begun: BegunFile[] = [];

  /** @param readers are closed with this. */
  constructor(store: TranscriptStore, files: readonly TranscriptFile[], readers: TranscriptReaders) {
    this.#store = store;
    this.#files = [...files];
    this.#readers = readers;
  }

  /** @returns the next files, of so many bytes or until the signal. */
  async next(bytes: number, signal: AbortSignal | undefined): Promise<ReadFile[]> {
    const read: ReadFile[] = [];
    for (let size = 0; size < bytes;) {
      // Messages come in between, among them the one that ends this.
      await immediate();
      if (signal?.aborted === true) break;
      this.#begin();
      const next = this.#begun.shift();
      if (next === undefined) break;
      read.push({ ...next, reading: await next.reading });
      size += Number(next.file.stats.size);
    }
    return read;
  }

  /** Reads a file once more, after all others. */
  again(file: TranscriptFile): void {
    this.#files.push(file);
  }

  async close(): Promise<void> {
    await this.#readers.close();
  }

  #begin(): void {
    while (this.#begun.length < this.#readers.most) {
      const file = this.#files.shift();
      if (file === undefined) return;
      // Another window may have read it meanwhile.
      const before = this.#store.transcript(file.path);
      const reading: BegunFile['reading'] = isUnchanged(file, before)
        ? Promise.resolve('known')
        : this.#readers.read(file.path, before?.position);
      reading.catch(() => undefined); // Whoever asks for it hears of it.
      this.#begun.push({ file, before, reading });
    }
  }
}

/** Whether a file is as it was when it was read last. */
export function isUnchanged({ stats }: TranscriptFile, known: ReadTranscript | undefined): boolean {
  return (
    known?.modifiedAt === String(stats.mtimeNs) &&
    known.size === Number(stats.size) &&
    known.position.identity.inode === String(stats.ino)
  );
}
