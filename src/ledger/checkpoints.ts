import { Worker } from 'node:worker_threads';
import type { CheckpointTask } from './checkpointThread.ts';

/** Kept writes after which the log is brought into the file: some 4 MB of it. */
const writesBetween = 250;
/** How long after the last write the rest is brought in, in milliseconds. */
const quietMs = 10_000;
/** How long the thread may take to end. */
const endMs = 2000;

/**
 * Brings the write-ahead log into the ledger's file, from a thread of its own: it takes the disk some milliseconds, for
 * which no request has to wait then.
 */
export class Checkpoints {
  readonly #thread: Worker;
  readonly #over: Promise<void>;
  #writes = 0;
  #closing = false;
  #quiet: NodeJS.Timeout | undefined;

  /**
   * @param script the thread's, `checkpointThread.ts`.
   * @param path the ledger's file.
   * @param died called when the thread ends by itself.
   * @throws where no thread can be had.
   */
  constructor(script: string, path: string, died: (cause: unknown) => void) {
    this.#thread = new Worker(script, {
      workerData: { path } satisfies CheckpointTask,
      name: 'agent-quota checkpoints',
      execArgv: [],
    });
    this.#thread.unref();
    this.#over = new Promise((resolve) => {
      let cause: unknown = 'it ended';
      this.#thread.on('error', (error) => (cause = error));
      this.#thread.on('exit', () => {
        resolve();
        clearTimeout(this.#quiet);
        if (!this.#closing) died(cause);
      });
    });
  }

  /** Takes note of a kept write. */
  written(): void {
    this.#writes += 1;
    if (this.#writes >= writesBetween) this.#ask();
    else if (this.#quiet === undefined) {
      this.#quiet = setTimeout(() => {
        this.#ask();
      }, quietMs).unref();
    } else this.#quiet.refresh();
  }

  /** Resolves when the thread has let go of the file. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#quiet);
    this.#thread.postMessage('end');
    const timeout = setTimeout(() => void this.#thread.terminate(), endMs);
    await this.#over;
    clearTimeout(timeout);
  }

  #ask(): void {
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.#writes = 0;
    this.#thread.postMessage('checkpoint');
  }
}
