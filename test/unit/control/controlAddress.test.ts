import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addressInDirectory } from '../../../src/control/controlAddress.ts';
import { type ControlServer, startControlServer } from '../../../src/control/controlServer.ts';
import { FakeSessions, fakeProcessTable } from './fakeSessions.ts';
import { createMemoryLogger } from './memoryLogger.ts';
import { connectRaw } from './rawClient.ts';

describe('control address', () => {
  let root: string;
  const servers: ControlServer[] = [];
  const start = async (directory: string, address?: string): Promise<ControlServer> => {
    const server = await startControlServer({
      directory,
      temporaryDirectory: root,
      platform: process.platform,
      secret: 'the secret',
      sessions: new FakeSessions(),
      queries: () => undefined,
      processTable: fakeProcessTable,
      logger: createMemoryLogger(),
      ...(address === undefined ? {} : { address }),
    });
    servers.push(server);
    return server;
  };

  before(function () {
    // Elsewhere it is a named pipe, and there are no modes.
    if (process.platform === 'win32') this.skip();
  });
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'with space '));
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
    await rm(root, { recursive: true });
  });

  it('is a socket of this user alone in a directory of this user alone, and goes with the server', async () => {
    const directory = path.join(root, 'a', 'control');
    const server = await start(directory);
    assert.equal(path.dirname(server.address), directory);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    assert.equal((await stat(server.address)).mode & 0o777, 0o600);
    await server.close();
    assert.ok(!existsSync(server.address));
    assert.ok(existsSync(directory));
  });

  it('closes a directory that others may enter', async () => {
    const directory = path.join(root, 'open');
    await mkdir(directory);
    await chmod(directory, 0o755);
    await start(directory);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
  });

  it('goes to a short private directory of its own when the path is too long, or not its own', async () => {
    await symlink(root, path.join(root, 'link'));
    for (const directory of [path.join(root, 'x'.repeat(100)), path.join(root, 'link')]) {
      const server = await start(directory);
      const made = path.dirname(server.address);
      assert.equal(path.dirname(made), root);
      assert.equal((await stat(made)).mode & 0o777, 0o700);
      (await connectRaw(server.address)).socket.destroy();
      await server.close();
      assert.ok(!existsSync(made));
      // A server that takes its place is found there again.
      const next = await start(directory, server.address);
      assert.equal(next.address, server.address);
    }
  });

  it('takes over the socket of a killed process, but not of a living one', async () => {
    const address = path.join(root, 'former.sock');
    const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script, address]);
    assert.ok(existsSync(address));
    const first = await start(root, address);
    assert.equal(first.address, address);
    const second = await start(root, address);
    assert.notEqual(second.address, address);
    await second.close();
    (await connectRaw(address)).socket.destroy();
  });

  it('is a pipe with a name that cannot be guessed on Windows', () => {
    const places = { directory: String.raw`C:\Users\Some One`, platform: 'win32' } as const;
    const address = addressInDirectory(places);
    assert.match(address ?? '', /^\\\\\.\\pipe\\agent-quota-[0-9a-f]{32}$/);
    assert.notEqual(addressInDirectory(places), address);
  });
});
