import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { connectSocket, EngineUnavailableError } from '../../../src/launcher/engineConnection.ts';

const wish = () => ({ type: 'open', agentId: 'a' }) as const;

describe('a connection to an engine', function () {
  this.timeout(30_000);
  let directory: string;
  let socket: string;
  let server: Server;
  let heard: string;
  let onHeard: (peer: Socket) => void;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'engine '));
    socket =
      process.platform === 'win32'
        ? String.raw`\\.\pipe\agent-quota-test-` + String(process.pid)
        : path.join(directory, 'c.sock');
    heard = '';
    onHeard = () => undefined;
    server = createServer((peer) => {
      peer.on('error', () => undefined);
      peer.on('data', (data) => {
        heard += data.toString();
        onHeard(peer);
      });
    });
    server.listen(socket);
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('says what it wants once it is welcome, and what can be done meanwhile is done then', async () => {
    onHeard = (peer) => {
      if (!heard.includes('open')) peer.write('{"type":"welcome","version":1}\n');
    };
    let heardMeanwhile: string | undefined;
    const meanwhile = (): void => {
      heardMeanwhile = heard;
    };
    const connection = await connectSocket(socket, 'secret', { pid: 1, wish, meanwhile });
    assert.match(heardMeanwhile ?? '', /"hello"/);
    while (!heard.includes('open')) await sleep(5);
    connection.close();
  });

  it('wants nothing of an engine that does not answer: it would open a session that nobody runs in', async () => {
    const refused = connectSocket(socket, 'secret', { pid: 1, wish });
    await assert.rejects(refused, (error: unknown) => {
      assert.ok(error instanceof EngineUnavailableError && error.unanswered);
      return error.message.includes('does not answer');
    });
    assert.deepEqual(heard.split('\n').length, 2, heard);
  });

  it('hears an answer that came while this process was busy', async () => {
    const elsewhere = `${socket}-elsewhere`;
    const code = `
      const { createServer } = require('node:net');
      const { parentPort, workerData } = require('node:worker_threads');
      createServer((peer) => {
        peer.on('error', () => undefined);
        peer.once('data', () => setTimeout(() => peer.write('{"type":"welcome","version":1}\\n'), 300));
      }).listen(workerData, () => parentPort.postMessage('ready'));`;
    const thread = new Worker(code, { eval: true, workerData: elsewhere });
    try {
      await once(thread, 'message');
      const connecting = connectSocket(elsewhere, 'secret', { pid: 1, wish });
      await sleep(100);
      // Meanwhile the welcome comes, and the time for it runs out. Node's next look is at its timers.
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3500));
      const connection = await connecting;
      connection.close();
    } finally {
      await thread.terminate();
    }
  });
});
