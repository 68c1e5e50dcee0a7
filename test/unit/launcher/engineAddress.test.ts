import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import type { ProcessTable } from '../../../src/core/processTable.ts';
import {
  type EngineAddress,
  engineAddress,
  engineSockets,
  readEngineSecret,
} from '../../../src/launcher/engineAddress.ts';
import { connectEngine, EngineUnavailableError, type Greeting } from '../../../src/launcher/engineConnection.ts';
import { launcherProtocolVersion } from '../../../src/shared/launcherLines.ts';
import { fakeProcessTable, FakeSessions } from '../control/fakeSessions.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { agentScript, keepSecret, startLauncher, testSecret } from './startedLauncher.ts';

const greeting: Greeting = { pid: 1, wish: () => ({ type: 'query', what: 'status' }) };

async function socketsOf(address: EngineAddress): Promise<string[]> {
  const sockets: string[] = [];
  for await (const socket of engineSockets(address)) sockets.push(socket);
  return sockets;
}

describe('how launchers find an engine', () => {
  let home: string;
  const servers: ControlServer[] = [];

  const start = async (
    sessions = new FakeSessions(),
    secret = testSecret,
    processTable: ProcessTable = fakeProcessTable,
    address?: string,
  ): Promise<ControlServer> => {
    const logger = createMemoryLogger();
    const options = {
      directory: home,
      platform: process.platform,
      secret,
      sessions,
      queries: () => undefined,
      processTable,
      logger,
      ...(address !== undefined && { address }),
    };
    const server = await startControlServer(options);
    servers.push(server);
    return server;
  };
  const records = async (): Promise<string[]> => (await readdir(home)).filter((name) => name.endsWith('.json')).sort();
  /** Makes the record of an engine so many seconds old. */
  const age = async (server: ControlServer, seconds: number): Promise<void> => {
    for (const name of await records()) {
      const file = path.join(home, name);
      if (!(await readFile(file, 'utf8')).includes(JSON.stringify(server.address))) continue;
      const time = Date.now() / 1000 - seconds;
      await utimes(file, time, time);
    }
  };

  /** Makes all that has closed have done so some seconds before. */
  const leaveEarlier = async (seconds: number): Promise<void> => {
    for (const name of await records()) {
      const file = path.join(home, name);
      const record = JSON.parse(await readFile(file, 'utf8')) as { leftAt?: number };
      if (record.leftAt === undefined) continue;
      await writeFile(file, JSON.stringify({ ...record, leftAt: record.leftAt - 1000 * seconds }));
    }
  };

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'engines '));
    await keepSecret(home);
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
    await rm(home, { recursive: true });
  });

  it('is told by the environment, which holds no secret', () => {
    const [socket, directory] = ['/s.sock', '/sockets'];
    const both = { AGENT_QUOTA_SOCKET: socket, AGENT_QUOTA_HOME: directory };
    assert.deepEqual(engineAddress(both), { socket, home: directory });
    assert.deepEqual(engineAddress({ AGENT_QUOTA_HOME: directory, AGENT_QUOTA_SOCKET: '' }), { home: directory });
    assert.equal(engineAddress({ AGENT_QUOTA_SOCKET: socket }), undefined);
    assert.equal(engineAddress({ AGENT_QUOTA_HOME: '' }), undefined);
  });

  it('asks the window’s own engine first, and then the others, the newest first', async () => {
    const [oldest, newest, between] = [await start(), await start(), await start()];
    await age(oldest, 30);
    await age(between, 20);
    await age(newest, 10);
    assert.deepEqual(await socketsOf({ home }), [newest.address, between.address, oldest.address]);
    const own = await socketsOf({ home, socket: oldest.address });
    assert.deepEqual(own, [oldest.address, newest.address, between.address]);
    const gone = await socketsOf({ home, socket: 'gone' });
    assert.deepEqual(gone, ['gone', newest.address, between.address, oldest.address]);
  });

  it('runs the agent in a session of another engine when its own is gone', async () => {
    const sessions = new FakeSessions();
    const [own] = [await start(), await start(sessions)];
    await own.close();
    await leaveEarlier(11);
    const launcher = startLauncher(agentScript('', '--agent', 'a'), { socket: own.address, home });
    assert.deepEqual(await launcher.end, { code: 0, signal: null, stdout: '', stderr: '' });
    assert.deepEqual(sessions.calls, ['open a', 'release s1']);
  });

  it('waits for the window’s own engine while that reloads, whatever others there are, and says so', async () => {
    const [sessions, others] = [new FakeSessions(), new FakeSessions()];
    const [own] = [await start(), await start(others)];
    await own.close();
    const launcher = startLauncher(agentScript('', '--agent', 'a'), { socket: own.address, home });
    await launcher.printed(/The window reloads or closes; waiting 10 s/);
    await start(sessions, testSecret, fakeProcessTable, own.address);
    const { code, stderr } = await launcher.end;
    assert.deepEqual([code, stderr.split('\n').length], [0, 2], stderr);
    assert.deepEqual([sessions.calls, others.calls], [['open a', 'release s1'], []]);
  });

  it('waits for it no longer than the user would for a slot', async () => {
    const sessions = new FakeSessions();
    const [own] = [await start(), await start(sessions)];
    await own.close();
    const startedAt = performance.now();
    const launcher = startLauncher(agentScript('', '--agent', 'a', '--wait', '0'), { socket: own.address, home });
    assert.equal((await launcher.end).stderr, '');
    assert.deepEqual(sessions.calls, ['open a', 'release s1']);
    assert.ok(performance.now() - startedAt < 8000);
  });

  it('is told why the engine that has come back says no, where there is no other', async () => {
    const own = await start();
    await own.close();
    const launcher = startLauncher(agentScript('', '--agent', 'a'), { socket: own.address, home });
    await launcher.printed(/The window reloads or closes/);
    await start(new FakeSessions(), 'of another time', fakeProcessTable, own.address);
    assert.match((await launcher.end).stderr, /runs without quota: .*another engine/);
  });

  it('does not wait for another window’s, nor to be told what there is', async () => {
    const [own, other] = [await start(), await start()];
    await own.close();
    assert.deepEqual(await socketsOf({ home }), [other.address]);
    const connection = await connectEngine({ home, socket: own.address }, greeting);
    connection.close();
    await other.close();
    const launcher = startLauncher(agentScript('', '--agent', 'a'), { home });
    const { code, stderr } = await launcher.end;
    assert.equal(code, 0);
    assert.match(stderr, /^agent-quota: This agent runs without quota: no window with Agent Quota is open/);
  });

  it('goes by the name of a pipe as by the path of a socket', async () => {
    const address = String.raw`\\.\pipe\agent-quota-0123456789abcdef`;
    const record = { address, pid: process.pid, version: launcherProtocolVersion };
    await writeFile(path.join(home, 'pipe.json'), JSON.stringify(record));
    assert.deepEqual(await socketsOf({ home }), [address]);
  });

  it('passes over an engine of another version or another secret, and says why when there is no other', async () => {
    const record = { address: path.join(home, 'new.sock'), pid: process.pid, version: launcherProtocolVersion + 1 };
    await writeFile(path.join(home, 'new.json'), JSON.stringify(record));
    await start(new FakeSessions(), 'of another time');
    const refused = (error: unknown): boolean =>
      error instanceof EngineUnavailableError && !error.unanswered && error.message.includes('another engine');
    await assert.rejects(connectEngine({ home }, greeting), refused);
    const right = await start();
    await age(right, 60);
    const connection = await connectEngine({ home }, greeting);
    connection.close();
  });

  it('is written down while an engine lives, for its user alone', async () => {
    await start();
    const [name] = await records();
    assert.ok(name);
    const text = await readFile(path.join(home, name), 'utf8');
    assert.ok(!text.includes(testSecret));
  });

  it('is no engine any more when it has closed, and forgotten by the next one when it does not come back', async () => {
    const server = await start();
    await server.close();
    assert.deepEqual([await socketsOf({ home }), (await records()).length], [[], 1]);
    const second = await start();
    assert.equal((await records()).length, 2);
    await second.close();
    await leaveEarlier(11);
    const third = await start();
    assert.deepEqual([await socketsOf({ home }), (await records()).length], [[third.address], 1]);
  });

  it('is forgotten of engines that were killed, and of what is no record', async () => {
    const dead = { address: path.join(home, 'dead.sock'), pid: 4_000_000, version: launcherProtocolVersion };
    await writeFile(path.join(home, 'dead.json'), JSON.stringify(dead));
    await writeFile(path.join(home, 'none.json'), '{"address":5}');
    const drafts = ['dead.json.0123abcd', 'live.json.4567abcd'];
    for (const name of drafts) await writeFile(path.join(home, name), '');
    await utimes(path.join(home, 'dead.json.0123abcd'), 1, 1);
    const elsewhere = await start();
    // As of an engine in another container, whose process is not seen from here.
    const unseen = { ...fakeProcessTable, isAlive: () => false };
    const server = await start(new FakeSessions(), testSecret, unseen);
    assert.deepEqual(new Set(await socketsOf({ home })), new Set([elsewhere.address, server.address]));
    assert.equal((await records()).length, 2);
    assert.deepEqual(
      (await readdir(home)).filter((name) => drafts.includes(name)),
      ['live.json.4567abcd'],
    );
  });

  it('reads no secret where others can write one', async function () {
    if (process.platform === 'win32') this.skip();
    assert.equal(readEngineSecret({ home }), testSecret);
    await chmod(home, 0o755);
    assert.throws(() => readEngineSecret({ home }), /others may reach into/);
    await chmod(home, 0o700);
    await keepSecret(home, 'half');
    assert.throws(() => readEngineSecret({ home }), /secret of the engine cannot be read from .*launcher-secret/);
  });
});
