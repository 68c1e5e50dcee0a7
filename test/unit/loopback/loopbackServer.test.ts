import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { createLoopbackServer } from '../../../src/loopback/loopbackServer.ts';
import { systemClock } from '../gateway/gatewayFixture.ts';
import { collect, sendRaw } from '../gateway/rawHttp.ts';

describe('createLoopbackServer', () => {
  const headersWithinMs = 600;
  const served: string[] = [];
  let server: Server;
  let port: number;
  let answerAfterMs = 0;

  before(async () => {
    const log = (): void => undefined;
    server = createLoopbackServer({
      onRequest: (request, response) => {
        served.push(request.url ?? '');
        setTimeout(() => response.end('answered'), answerAfterMs);
      },
      isBusy: () => false,
      logger: { debug: log, info: log, warn: log, error: log },
      clock: systemClock,
      headersWithinMs,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    served.length = 0;
    answerAfterMs = 0;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('gives headers 15 seconds, bounds them and the connections, unless told otherwise', () => {
    const log = (): void => undefined;
    const usual = createLoopbackServer({
      onRequest: log,
      isBusy: () => false,
      logger: { debug: log, info: log, warn: log, error: log },
      clock: systemClock,
    });
    assert.equal(usual.headersTimeout, 15_000);
    assert.equal(usual.maxHeadersCount, 200);
    assert.ok(usual.maxConnections > 0 && usual.maxConnections <= 4096);
    usual.close();
  });

  it('cuts who sends nothing, without a word that a request on its way would take for its answer', async () => {
    assert.equal(await sendRaw(port, ''), '');
  });

  it('cuts who begins a request and sends no more, which may be asked again', async () => {
    const text = await sendRaw(port, 'GET /begun HTTP/1.1\r\n');
    assert.match(text, /^HTTP\/1\.1 408 [^]*headers did not come in time/);
    assert.doesNotMatch(text, /x-should-retry/i);
  });

  it('cuts headers that come byte by byte, on a new connection and on a used one', async () => {
    for (const before of ['', 'GET /first HTTP/1.1\r\nHost: x\r\n\r\n']) {
      const socket = connect(port, '127.0.0.1');
      const received = collect(socket);
      socket.write(`${before}GET /slow HTTP/1.1\r\nHost: x\r\n`);
      const drip = setInterval(() => socket.write('x: y\r\n'), 5);
      await once(socket, 'close');
      clearInterval(drip);
      assert.match(received(), before === '' ? /^HTTP\/1\.1 408 / : /^HTTP\/1\.1 200 [^]*HTTP\/1\.1 408 /);
    }
    assert.deepEqual(served, ['/first']);
  });

  it('leaves a request alone that is answered late', async () => {
    answerAfterMs = 4 * headersWithinMs;
    const answer = await sendRaw(port, 'GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 200 [^]*answered/);
  });
});
