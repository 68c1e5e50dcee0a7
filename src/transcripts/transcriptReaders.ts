import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { createBirpc, type BirpcReturn } from 'birpc';
import type { FileReading } from './fileReading.ts';
import { type ReaderFunctions, readerTask } from './readerFunctions.ts';
import type { TranscriptPosition } from './transcriptPosition.ts';
import type * as ReaderModule from './transcriptReader.ts';

/** Reads files, several at a time. */
export interface TranscriptReaders extends ReaderFunctions {
  /** How many files it is to have before it at a time. */
  readonly most: number;
  close(): Promise<void>;
}

/** From so many bytes on, threads are worth their start. */
const threadsFromBytes = 64 * 1024 * 1024;
/** More would wait for the one that keeps what they read. */
const mostThreads = 4;
/** Files that each thread has before it: it goes on while a batch of them is kept. */
const filesAhead = 32;

/**
 * @param script of `transcriptReader.ts`.
 * @param bytes how much there is to read.
 */
export function transcriptReaders(script: string, bytes: number): TranscriptReaders {
  if (bytes >= threadsFromBytes) return new ReaderThreads(script, Math.min(mostThreads, availableParallelism()));
  const { readFile } = createRequire(script)(script) as typeof ReaderModule;
  return {
    most: 1,
    read: (path, before) => Promise.resolve(readFile(path, before)),
    close: () => Promise.resolve(),
  };
}

interface ReaderThread {
  readonly worker: Worker;
  readonly rpc: BirpcReturn<ReaderFunctions>;
  files: number;
}

class ReaderThreads implements TranscriptReaders {
  readonly most: number;
  readonly #threads: readonly ReaderThread[];

  constructor(script: string, count: number) {
    this.#threads = Array.from({ length: count }, () => readerThread(script));
    this.most = count * filesAhead;
  }

  async read(path: string, before: TranscriptPosition | undefined): Promise<FileReading | undefined> {
    const thread = this.#threads.reduce((idlest, other) => (other.files < idlest.files ? other : idlest));
    thread.files += 1;
    try {
      return await thread.rpc.read(path, before);
    } finally {
      thread.files -= 1;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

function readerThread(script: string): ReaderThread {
  const worker = new Worker(script, { workerData: readerTask, name: 'agent-quota transcript reader', execArgv: [] });
  const rpc = createBirpc<ReaderFunctions>(
    {},
    {
      post: (message) => {
        worker.postMessage(message);
      },
      on: (receive) => {
        worker.on('message', receive);
      },
      timeout: -1,
    },
  );
  let cause: unknown;
  worker.on('error', (error) => (cause = error));
  worker.on('exit', () => {
    const why = cause instanceof Error ? `: ${cause.message}` : '.';
    rpc.$close(new Error(`A thread that reads transcripts has ended${why}`, { cause }));
  });
  return { worker, rpc, files: 0 };
}
