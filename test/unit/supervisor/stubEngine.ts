import type { MessagePort } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import type { EngineFunctions, EngineStart, QuotaEngineEvents } from '../../../src/core/quotaEngine.ts';
import { startInThread, type EngineThread } from '../../../src/supervisor/engineThread.ts';

/** An engine that answers without doing anything, and dies when told to. */
export class StubEngine {
  readonly start: EngineStart;
  readonly thread: EngineThread;
  /** The calls that it got, in order. */
  readonly calls: string[] = [];
  #port: MessagePort | undefined;

  /** @param answers what it does other than the usual; a call that never answers, for example. */
  constructor(start: EngineStart, answers: Partial<EngineFunctions> = {}) {
    this.start = start;
    this.thread = startInThread((port) => {
      this.#serve(port, answers);
    }, start);
  }

  die(): void {
    this.#port?.close();
  }

  #serve(port: MessagePort, answers: Partial<EngineFunctions>): void {
    this.#port = port;
    const { start, calls } = this;
    const launcherAddress = start.launcherAddress ?? '/run/first.sock';
    const usual: Partial<EngineFunctions> = {
      start: () =>
        Promise.resolve({
          gatewayPort: start.gatewayPort ?? 5000,
          observerPort: start.observerPort ?? 5001,
          launcherAddress,
        }),
      close: () => Promise.resolve(),
      configure: () => Promise.resolve(),
      releaseSession: () => Promise.resolve(true),
      giveUp: () => Promise.resolve(),
    };
    const functions = Object.fromEntries(
      Object.entries({ ...usual, ...answers }).map(([name, answer]) => [
        name,
        (...args: unknown[]): unknown => {
          calls.push(args.length === 0 ? name : `${name} ${JSON.stringify(args[0])}`);
          return (answer as (...args: unknown[]) => unknown)(...args);
        },
      ]),
    );
    createBirpc<QuotaEngineEvents>(functions, {
      post: (message) => {
        port.postMessage(message);
      },
      on: (receive) => {
        port.on('message', receive);
      },
    });
  }
}

/** A promise that is never settled: a call that hangs. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}
