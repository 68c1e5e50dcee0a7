import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';

/** Where the engine runs: in a worker thread, or in the extension host's own thread. */
export type EnginePlace = 'worker' | 'window';

/** What the process that stands for the extension host is told. */
export interface HostTask {
  readonly place: EnginePlace;
  readonly storageDirectory: string;
  readonly upstreamUrl: string;
}

const beginMs = 300;

/**
 * One agent streams one answer while the host's thread is kept busy for a while in the middle of it. Host, agent and
 * upstream are processes of their own.
 * @param blockMs 0: the host has nothing to do.
 * @returns the longest time between two pieces of the answer, in milliseconds.
 */
export async function streamThroughHost(place: EnginePlace, upstreamUrl: string, blockMs: number): Promise<number> {
  const storageDirectory = await mkdtemp(join(tmpdir(), 'agent quota bench '));
  const task: HostTask = { place, storageDirectory, upstreamUrl };
  const main = fileURLToPath(new URL('hostProcess.ts', import.meta.url));
  const host = spawn(process.execPath, [main, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(host, 'exit');
  try {
    const first = await createInterface({ input: host.stdout })[Symbol.asyncIterator]().next();
    if (first.done === true) throw new Error('The host of the benchmark ended early.');
    const agentMain = fileURLToPath(new URL('../../test/fakes/streamingAgent.cjs', import.meta.url));
    const overlay = JSON.parse(first.value) as Record<string, string>;
    const agent = spawn(process.execPath, [agentMain], { env: overlay, stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = text(agent.stdout);
    await once(agent.stderr, 'data');
    await pause(beginMs);
    if (blockMs > 0) host.stdin.write(`${blockMs}\n`);
    const { status, gaps } = JSON.parse(await printed) as { status: number; gaps: number[] };
    if (status !== 200) throw new Error(`The agent was answered ${status}.`);
    return Math.max(...gaps);
  } finally {
    host.stdin.end();
    await exited;
    await rm(storageDirectory, { recursive: true, force: true, maxRetries: 5 });
  }
}
