import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { EngineStart } from '../core/quotaEngine.ts';

/** A running engine, wherever it runs. */
export interface EngineThread {
  /** `worker`, or `window` where no worker could be had. */
  readonly place: 'worker' | 'window';
  post(message: unknown): void;
  onMessage(receive: (message: unknown) => void): void;
  /** Called once, when the engine has died or was terminated. @param cause what killed it, as far as that is known. */
  onExit(exited: (cause: unknown) => void): void;
  terminate(): Promise<void>;
}

/** Starts the engine's bundle in a worker thread of this process. @throws where no worker can be had. */
export function startWorkerThread(bundle: string, start: EngineStart): EngineThread {
  const worker = new Worker(bundle, { workerData: start, name: 'agent-quota engine' });
  return {
    place: 'worker',
    post: (message) => {
      worker.postMessage(message);
    },
    onMessage: (receive) => {
      worker.on('message', receive);
    },
    onExit: (exited) => {
      let cause: unknown;
      worker.on('error', (error) => {
        cause = error;
      });
      worker.on('exit', (code) => {
        exited(cause ?? `exit code ${code}`);
      });
    },
    terminate: async () => {
      await worker.terminate();
    },
  };
}

/** Runs the engine in this thread, with the same messages: where no worker can be had, and in unit tests. */
export function startInThread(
  serve: (port: MessagePort, start: EngineStart) => void,
  start: EngineStart,
): EngineThread {
  const { port1, port2 } = new MessageChannel();
  serve(port1, start);
  return {
    place: 'window',
    post: (message) => {
      port2.postMessage(message);
    },
    onMessage: (receive) => {
      port2.on('message', receive);
    },
    onExit: (exited) => {
      port2.on('close', () => {
        exited('the port was closed');
      });
    },
    terminate: () => {
      port1.close();
      return Promise.resolve();
    },
  };
}
