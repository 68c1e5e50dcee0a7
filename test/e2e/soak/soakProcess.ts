import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createBirpc, type BirpcReturn } from 'birpc';
import type { SoakEngineFunctions } from './soakFunctions.ts';

/** The engine under soak and how to end its process. */
export interface SoakProcess {
  readonly engine: BirpcReturn<SoakEngineFunctions>;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
}

/** Starts `soakEngine.ts`. @throws when it ends before it is ready */
export async function startSoakProcess(upstreamUrl: string): Promise<SoakProcess> {
  const child = fork(path.join(import.meta.dirname, 'soakEngine.ts'), [upstreamUrl], {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
  });
  const exited = once(child, 'exit');
  await Promise.race([
    once(child, 'message'),
    exited.then(([code]) => {
      throw new Error(`The engine's process ended with ${String(code)} before it was ready.`);
    }),
  ]);
  const engine = createBirpc<SoakEngineFunctions>(
    {},
    {
      post: (message: object) => child.send(message),
      on: (receive) => child.on('message', receive),
      timeout: -1,
    },
  );
  return {
    engine,
    stop: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
