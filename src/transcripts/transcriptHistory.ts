import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createBirpc, type BirpcReturn } from 'birpc';
import type { ImportOptions, ImportSummary } from './importTranscripts.ts';
import type { TranscriptEvents, TranscriptFunctions, TranscriptTask } from './transcriptFunctions.ts';
import { transcriptSchemaVersion } from './transcriptSchema.ts';
import type { UsagePart, UsageQuestion } from './transcriptUsage.ts';

/**
 * In the storage directory. It can be deleted at any time: all in it is read again. Each version of the schema has a file of
 * its own, since a window of before an update may still have the other one open.
 */
export const transcriptFileName = `transcripts-${transcriptSchemaVersion}.sqlite`;

/** Where the code is that it runs. */
export interface TranscriptScripts {
  readonly thread: string;
  readonly reader: string;
}

/** How long the thread may take to end. */
const endMs = 2000;

export type UpdateOptions = Pick<ImportOptions, 'configDirectories' | 'progress' | 'signal'>;

/** What all transcripts of this machine's user say was used, read and kept by a thread of its own. */
export class TranscriptHistory {
  readonly #thread: Worker;
  readonly #rpc: BirpcReturn<TranscriptFunctions, TranscriptEvents>;
  readonly #over: Promise<void>;
  #progress: ImportOptions['progress'];

  /**
   * @param scripts the thread's, `transcriptThread.ts`, and `transcriptReader.ts`.
   * @param storageDirectory private to the user.
   * @throws where no thread can be had. Where SQLite is missing or the file cannot be written, the first call rejects.
   */
  constructor(scripts: TranscriptScripts, storageDirectory: string) {
    const path = join(storageDirectory, transcriptFileName);
    this.#thread = new Worker(scripts.thread, {
      workerData: { path, readerScript: scripts.reader } satisfies TranscriptTask,
      name: 'agent-quota transcripts',
      execArgv: [],
    });
    this.#thread.unref();
    const events: TranscriptEvents = { progress: (state) => this.#progress?.(state) };
    this.#rpc = createBirpc<TranscriptFunctions, TranscriptEvents>(events, {
      post: (message) => {
        this.#thread.postMessage(message);
      },
      on: (receive) => {
        this.#thread.on('message', receive);
      },
      timeout: -1,
    });
    this.#over = new Promise((resolve) => {
      let cause: unknown;
      this.#thread.on('error', (error) => (cause = error));
      this.#thread.on('exit', () => {
        this.#rpc.$close(new Error('The thread that reads transcripts has ended.', { cause }));
        resolve();
      });
    });
  }

  /** Brings it up to date; at once when nothing has changed. @returns undefined when the signal gave it up. */
  async update({ progress, signal, ...options }: UpdateOptions): Promise<ImportSummary | undefined> {
    if (signal?.aborted === true) return undefined;
    this.#progress = progress;
    const giveUp = (): void => {
      void this.#rpc.giveUp.asEvent();
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await this.#rpc.update(options);
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** What was used, as far as it was read. */
  usage(question: UsageQuestion = {}): Promise<UsagePart[]> {
    return this.#rpc.usage(question);
  }

  /** Ends an update under way, and the thread. */
  async close(): Promise<void> {
    const timeout = setTimeout(() => void this.#thread.terminate(), endMs);
    await Promise.race([this.#rpc.close().catch(() => undefined), this.#over]);
    await this.#over;
    clearTimeout(timeout);
  }
}
