import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { type EnvironmentOverlay } from '../../src/shared/overlayVariables.ts';

const overlaySchema = z.record(z.string(), z.string().nullable());

/** An engine in a process of its own, with one session. */
export interface EngineProcess {
  readonly overlay: EnvironmentOverlay;
  close(): Promise<void>;
}

/**
 * @param baseUrl of the upstream.
 * @param environment all that the process has beside PATH.
 * @param credentials the user's: a key, or a login that is routed.
 */
export async function startEngineProcess(
  baseUrl: string,
  environment: Readonly<Record<string, string>>,
  credentials: 'key' | 'login' = 'key',
): Promise<EngineProcess> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'engineMain.ts'), baseUrl, credentials], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(([code]) => Promise.reject(new Error(`The engine's process ended (${String(code)}).`))),
  ])) as [string];
  return {
    overlay: overlaySchema.parse(JSON.parse(line)),
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
