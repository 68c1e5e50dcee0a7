import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import type { Served } from './servedLog.ts';
import type { SimulatedUpstreamOptions } from './simulatedUpstream.ts';
import type { UpstreamBehaviour } from './upstreamBehaviour.ts';

/** A simulated upstream in a process of its own, so that its work does not take the tested event loop's time. */
export interface SimulatedUpstreamProcess {
  readonly url: string;
  readonly pid: number;
  behave(change: Partial<UpstreamBehaviour>): Promise<void>;
  served(): Promise<Served>;
  /** Resolves when the process has ended. */
  close(): Promise<void>;
}

/**
 * Starts `simulatedUpstreamMain.ts`; it ends with this process at the latest.
 *
 * @throws Error when it ends before it listens
 */
export async function startSimulatedUpstreamProcess(
  options: Omit<SimulatedUpstreamOptions, 'now'> = {},
): Promise<SimulatedUpstreamProcess> {
  const main = fileURLToPath(new URL('simulatedUpstreamMain.ts', import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const url = await Promise.race([
    once(lines, 'line').then(([line]) => (JSON.parse(String(line)) as { url: string }).url),
    exited.then(([code]) => {
      throw new Error(`The simulated upstream ended with ${String(code)} before it listened.`);
    }),
  ]);
  const { origin } = new URL(url);
  return {
    url,
    pid: child.pid ?? 0,
    behave: async (change) => {
      const response = await fetch(`${origin}/_simulated/behaviour`, { method: 'POST', body: JSON.stringify(change) });
      if (!response.ok) {
        throw new Error(await response.text());
      }
    },
    served: async () => (await (await fetch(`${origin}/_simulated/served`)).json()) as Served,
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
