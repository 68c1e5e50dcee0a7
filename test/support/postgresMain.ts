/*
 * A program of its own: PostgreSQL, until whoever wanted it closes this program's stdin, which it does by stopping, by a
 * crash and by being killed alike. Lines on stdin: `stop`, `start`, `crash` (ends it as a crash does).
 * Lines on stdout: `up` and `down`; everything else is the server's own log.
 */
import { chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { testCertificate, testServerKey } from '../fakes/testCertificates.ts';
import { importEmbeddedPostgres } from './importEmbeddedPostgres.ts';

const orders = z.object({ port: z.number(), password: z.string() }).parse(JSON.parse(process.argv[2] ?? ''));

// Whoever was to read it is gone; there is still a server to stop.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const say = (line: string): void => void process.stdout.write(`${line.trimEnd()}\n`);

const directory = await mkdtemp(path.join(tmpdir(), 'agent-quota-postgres-'));
const EmbeddedPostgres = await importEmbeddedPostgres(directory);
const data = path.join(directory, 'data');
const server = new EmbeddedPostgres({
  databaseDir: data,
  port: orders.port,
  user: 'postgres',
  password: orders.password,
  authMethod: 'scram-sha-256',
  // Root may not run PostgreSQL.
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
  postgresFlags: [
    ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=250'],
    // What it holds need not outlive the machine.
    ...['fsync=off', 'full_page_writes=off'],
    ...['ssl=on', 'ssl_cert_file=server.crt', 'ssl_key_file=server.key'],
  ].flatMap((setting) => ['-c', setting]),
  onLog: (message: unknown) => {
    say(String(message));
  },
  onError: (error: unknown) => {
    say(`error: ${String(error)}`);
  },
});

async function begin(): Promise<void> {
  await server.initialise();
  const { uid, gid } = await stat(data);
  for (const [name, text] of [
    ['server.crt', testCertificate],
    ['server.key', testServerKey],
  ] as const) {
    await writeFile(path.join(data, name), text, { mode: 0o600 });
    if (process.platform !== 'win32') await chown(path.join(data, name), uid, gid);
  }
  await server.start();
  say('up');
}

/** The first line of `postmaster.pid` is the server's process. */
async function endAtOnce(): Promise<void> {
  const pid = Number((await readFile(path.join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  // An immediate shutdown: nothing is written, and the next start recovers.
  process.kill(pid, process.platform === 'win32' ? 'SIGKILL' : 'SIGQUIT');
}

async function crash(): Promise<void> {
  const stopped = server.stop();
  await endAtOnce();
  await stopped;
}

const within = (ms: number, work: Promise<unknown>): Promise<unknown> =>
  Promise.race([work, new Promise((resolve) => setTimeout(resolve, ms))]).catch(() => undefined);

let last: Promise<void> = begin();
let isEnding = false;
const end = (): void => {
  if (isEnding) return;
  isEnding = true;
  void within(3000, last)
    .then(() => within(5000, server.stop()))
    .then(() => endAtOnce().catch(() => undefined))
    .then(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
    .finally(() => process.exit());
};
last.catch((error: unknown) => {
  say(`failed ${error instanceof Error ? error.message : 'the server did not start'}`);
  end();
});

const work: Readonly<Record<string, () => Promise<void>>> = {
  stop: () => server.stop(),
  start: () => server.start(),
  crash,
};
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  last = last
    .then(() => work[line]?.())
    .then(() => {
      say(line === 'start' ? 'up' : 'down');
    });
  last = last.catch(() => {
    say(`failed ${line}`);
  });
});
lines.on('close', end);
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
