import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import pg from 'pg';

/** A real PostgreSQL on this machine, for tests. */
export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database. @returns the superuser's address of it. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Ends it as a crash does. */
  crash(): Promise<void>;
}

let running: Promise<PostgresServer> | undefined;

/** The one server of this process, started when it is first wanted; it ends with this process, however that ends. */
export function postgresServer(): Promise<PostgresServer> {
  running ??= startPostgresServer();
  return running;
}

type Program = ChildProcessByStdio<Writable, Readable, null>;

/** A server of the caller's own. It too ends with this process at the latest. */
export async function startPostgresServer(): Promise<PostgresServer> {
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const program: Program = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'postgresMain.ts'), JSON.stringify({ port, password })],
    // A group of its own: Ctrl+C in the terminal must not hit it before it has stopped the server.
    { stdio: ['pipe', 'pipe', 'ignore'], detached: true, windowsHide: true },
  );
  program.stdin.on('error', () => undefined);
  const wait = answers(program);
  await wait('up');
  const order = (line: string, answer: string) => async (): Promise<void> => {
    program.stdin.write(`${line}\n`);
    await wait(answer);
  };
  let databases = 0;
  return {
    port,
    createDatabase: async () => {
      databases += 1;
      const name = `test_${databases}`;
      const address = (database: string): string => `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
      const client = new pg.Client({ connectionString: address('postgres') });
      await client.connect();
      await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
      await client.end();
      return address(name);
    },
    stop: order('stop', 'down'),
    start: order('start', 'up'),
    crash: order('crash', 'down'),
  };
}

/** Lets this process end while the program runs, and tells of the program's answers. */
function answers(program: Program): (answer: string) => Promise<void> {
  const log: string[] = [];
  let heard: ((line: string) => void) | undefined;
  createInterface({ input: program.stdout }).on('line', (line) => {
    log.push(line);
    heard?.(line);
  });
  const handles = [program, program.stdin, program.stdout] as unknown as { ref(): void; unref(): void }[];
  for (const handle of handles) handle.unref();
  return (answer) =>
    new Promise((resolve, reject) => {
      for (const handle of handles) handle.ref();
      const over = (settle: () => void): void => {
        heard = undefined;
        program.removeListener('exit', gone);
        for (const handle of handles) handle.unref();
        settle();
      };
      const gone = (): void => {
        over(() => {
          reject(new Error(`PostgreSQL did not say "${answer}". It said:\n${log.slice(-30).join('\n')}`));
        });
      };
      program.once('exit', gone);
      heard = (line) => {
        if (line === answer) over(resolve);
        else if (line.startsWith('failed ')) gone();
      };
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return address.port;
}
