import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenOnLoopback } from '../../../src/loopback/listenOnLoopback.ts';

describe('listenOnLoopback', () => {
  const warned: string[] = [];
  const log = (): void => undefined;
  const logger = { debug: log, info: log, warn: (message: string) => warned.push(message), error: log };

  it('listens on 127.0.0.1 and on no other address, on any port and on a wanted one', async () => {
    let wanted: number | undefined;
    for (let times = 0; times < 2; times += 1) {
      const server = createServer();
      wanted = await listenOnLoopback(server, wanted, logger);
      assert.deepEqual(server.address(), { address: '127.0.0.1', family: 'IPv4', port: wanted });
      server.close();
      await once(server, 'close');
    }
  });

  it('waits for a wanted port that is given up within a second', async () => {
    const closing = createServer().listen(0, '127.0.0.1');
    await once(closing, 'listening');
    const { port } = closing.address() as AddressInfo;
    setTimeout(() => closing.close(), 300);
    const server = createServer();
    assert.equal(await listenOnLoopback(server, port, logger), port);
    assert.deepEqual(warned, []);
    server.close();
  });

  it('takes another one when an extension host would have been killed by then, and says so', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const server = createServer();
    const startedAt = performance.now();
    assert.notEqual(await listenOnLoopback(server, port, logger), port);
    const waited = performance.now() - startedAt;
    assert.ok(waited >= 6000 && waited < 30_000, `${waited} ms`);
    assert.match(warned.join(), new RegExp(`Port ${port} cannot be had`));
    server.close();
    other.close();
  });

  it('wastes no time on a port that can never be had', async () => {
    const server = createServer();
    const startedAt = performance.now();
    assert.ok((await listenOnLoopback(server, 70_000, logger)) < 65_536);
    server.close();
    assert.ok(performance.now() - startedAt < 5000);
  });
});
