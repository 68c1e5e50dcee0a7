import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Forwarder } from './forwarders.ts';
import { meteredSchema, nextMessage, routeSchema, useSchema, type ProcessUse, type Route } from './messages.ts';

/** How long a program may take until it listens. */
const startMs = 20_000;

/** A forwarder that takes requests, in a process of its own under this Node. */
export interface ForwarderProcess {
  readonly route: Route;
  readonly headers: string[];
  readonly use: () => Promise<ProcessUse>;
  /** The output tokens that it has metered; undefined when it meters none. */
  readonly metered: () => Promise<number | undefined>;
  /** Resolves when the process has ended. */
  readonly end: () => Promise<void>;
}

/** @param nodeFlags for its Node. @throws Error when it does not start. */
export async function startForwarder(
  forwarder: Forwarder,
  upstream: string,
  nodeFlags: readonly string[] = [],
): Promise<ForwarderProcess> {
  const { program, prepare, headers, meters } = forwarder;
  if (program === undefined) return direct(upstream);
  const directory = await mkdtemp(join(tmpdir(), 'agent quota bench '));
  const place = { port: await freePort(), upstream, directory };
  await prepare?.(place);
  const child = startProcess(
    [...reporting, ...nodeFlags, ...program(place)],
    directory,
    forwarder.isPeer ? 'ignore' : 'inherit',
  );
  try {
    if (meters !== true) await listening(place.port, child);
    const own: Route = { kind: 'route', baseUrl: `http://127.0.0.1:${place.port}`, keys: ['bench'] };
    return {
      route: meters === true ? await nextMessage(child, routeSchema) : own,
      headers: headers?.(place) ?? [],
      use: () => {
        child.send('use');
        return nextMessage(child, useSchema);
      },
      metered: async () => {
        if (meters !== true) return undefined;
        child.send('metered');
        return (await nextMessage(child, meteredSchema)).outputTokens;
      },
      end: async () => {
        await endProcess(child);
        await rm(directory, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    await endProcess(child);
    throw error;
  }
}

/** Its process answers each message with what it has used, and ends with the benchmark. */
export const reporting = ['--import', new URL('processReports.ts', import.meta.url).href] as const;

/** Starts a program under this Node. @param directory its home, where it keeps what it keeps. */
export function startProcess(
  args: readonly string[],
  directory: string,
  errors: 'ignore' | 'inherit' = 'inherit',
): ChildProcess {
  return spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', errors, 'ipc'],
    env: { ...process.env, HOME: directory, USERPROFILE: directory, NODE_ENV: 'production' },
  });
}

/** Processes of the benchmark end when nobody is at the other end of their channel. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const late = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exited;
  clearTimeout(late);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}

/** Resolves when something listens at the port. */
export async function listening(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + startMs;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnargs.join(' ')} ended with ${child.exitCode}.`);
    if (performance.now() > deadline) throw new Error(`${child.spawnargs.join(' ')} does not listen.`);
    await sleep(50);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function direct(upstream: string): ForwarderProcess {
  return {
    route: { kind: 'route', baseUrl: upstream, keys: ['bench'] },
    headers: [],
    use: () => Promise.resolve({ kind: 'use', cpuMs: 0, residentBytes: 0 }),
    metered: () => Promise.resolve(undefined),
    end: () => Promise.resolve(),
  };
}
