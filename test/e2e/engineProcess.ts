import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { LauncherEndpoint } from '../../src/core/quotaEngine.ts';
import type { EnvironmentOverlay } from '../../src/shared/overlayVariables.ts';

const startedSchema = z.object({
  overlay: z.record(z.string(), z.string().nullable()),
  storageDirectory: z.string(),
  launcher: z.object({ address: z.string(), home: z.string() }),
});

/** An engine in a process of its own, with one session. */
export interface EngineProcess {
  readonly pid: number;
  readonly overlay: EnvironmentOverlay;
  readonly storageDirectory: string;
  /** Where launchers find it. */
  readonly launcher: LauncherEndpoint;
  close(): Promise<void>;
}

/**
 * @param baseUrl of the upstream.
 * @param environment all that the process has beside PATH.
 * @param credentials the user's: a key, or a login that is routed or observed.
 */
export async function startEngineProcess(
  baseUrl: string,
  environment: Readonly<Record<string, string>>,
  credentials: 'key' | 'login' | 'observed' = 'key',
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
  const started = startedSchema.parse(JSON.parse(line));
  if (child.pid === undefined) throw new Error('The engine has no process.');
  return {
    ...started,
    pid: child.pid,
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
