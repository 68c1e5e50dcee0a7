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

  /**
   * @param onRead is told of each file.
   * @returns the next files, of so many bytes or until the signal, which does not wait for the end of a file.
   * @throws what a reader throws, once all that was read before is returned.
   */
  async next(
    bytes: number,
    signal: AbortSignal | undefined,
    onRead: (file: TranscriptFile) => void,
  ): Promise<ReadFile[]> {
    const read: ReadFile[] = [];
    const aborted = untilAborted(signal);
    let size = 0;
    while (size < bytes) {
      // Messages come in between, among them the one that ends this.
      await immediate();
      if (signal?.aborted === true) break;
      this.#begin();
      const next = this.#begun.shift();
      if (next === undefined) break;
      const reading = await Promise.race([next.reading.catch(failed), aborted.promise]);
      if (reading === 'aborted') break;
      if (reading instanceof FailedReading) {
        aborted.stopListening();
        if (read.length === 0) throw reading.cause;
        // What was read before is kept first.
        this.#begun.unshift(next);
        break;
      }
      read.push({ ...next, reading });
      onRead(next.file);
      size += Number(next.file.stats.size);
    }
    aborted.stopListening();
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

class FailedReading {
  readonly cause: unknown;

  constructor(cause: unknown) {
    this.cause = cause;
  }
}

function failed(cause: unknown): FailedReading {
  return new FailedReading(cause);
}

function untilAborted(signal: AbortSignal | undefined): {
  readonly promise: Promise<'aborted'>;
  readonly stopListening: () => void;
} {
  const { promise, resolve } = Promise.withResolvers<'aborted'>();
  const onAbort = (): void => {
    resolve('aborted');
  };
  signal?.addEventListener('abort', onAbort);
  return {
    promise,
    stopListening: () => {
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

/** Whether a file is as it was when it was read last. */
export function isUnchanged({ stats }: TranscriptFile, known: ReadTranscript | undefined): boolean {
  return (
    known?.modifiedAt === String(stats.mtimeNs) &&
    known.size === Number(stats.size) &&
    known.position.identity.inode === String(stats.ino)
  );
}
