import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, startFixture, startServer } from './gatewayFixture.ts';
import { collect, sendRaw } from './rawHttp.ts';

describe('in a corner of HTTP the gateway', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let answer: Parameters<typeof startServer>[0];

  beforeEach(async () => {
    upstream = await startServer((request, response) => {
      request.resume();
      answer(request, response);
    });
    fixture = await startFixture(upstream.url);
  });
  afterEach(async () => {
    await fixture.close();
    await upstream.close();
  });

  const head = (path: string, version: '1.0' | '1.1' = '1.1'): string =>
    `GET ${path} HTTP/${version}\r\nHost: 127.0.0.1:${fixture.gateway.port}\r\nx-api-key: ${liveToken}\r\n\r\n`;

  it('closes in the middle of an answer to a client of HTTP/1.0 with a reset, which looks like no clean end', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    };
    const socket = connect(fixture.gateway.port, '127.0.0.1');
    const received = collect(socket);
    socket.write(head('/v1/messages', '1.0'));
    while (!received().endsWith('data: 1\n\n')) await once(socket, 'data');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await fixture.gateway.close();
    assert.equal(await closed, true, 'closed with an error');
  });

  it('lets the answers before one that is cut come whole on their connection, and then cuts it', async () => {
    const first = Promise.withResolvers<ServerResponse>();
    answer = ({ url = '' }, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      if (url.endsWith('first')) first.resolve(response);
      else response.write('begun', () => response.socket?.destroy());
    };
    const received = sendRaw(fixture.gateway.port, head('/v1/first') + head('/v1/second'));
    (await first.promise).write('data: 1\n\n');
    while (fixture.health.length === 0) await setImmediate();
    (await first.promise).end('data: end\n\n');
    const text = await received;
    assert.match(text, /data: 1\n\n\r\n[^]*data: end\n\n\r\n0\r\n\r\nHTTP\/1\.1 200 /);
    assert.match(text, /\r\n5\r\nbegun\r\n$/);
  });

  for (const status of [204, 304]) {
    it(`takes a ${status} that tells the length of a body, which it never has, for whole`, async () => {
      answer = (_request, response) => {
        response.socket?.end(`HTTP/1.1 ${status} None\r\netag: "x"\r\ncontent-length: 1234\r\n\r\n`);
      };
      const request = get(`${fixture.gateway.url}/v1/models`, { headers: { 'x-api-key': liveToken } });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      assert.deepEqual([response.statusCode, response.headers.etag], [status, '"x"']);
      assert.equal(response.headers['content-length'], '1234');
      await once(response.resume(), 'end');
      await fixture.close();
      assert.deepEqual([fixture.logged, fixture.health], [[], []]);
    });
  }

  it('puts no event behind a stream that is cut where one line of several tells that it is compressed', async () => {
    const begin = 'data: 1\n\n';
    answer = (_request, response) => {
      response.writeHead(200, [
        ...['content-type', 'text/event-stream'],
        ...['content-encoding', 'identity'],
        ...['content-encoding', 'gzip'],
      ]);
      response.write(begin, () => response.socket?.destroy());
    };
    const text = await sendRaw(fixture.gateway.port, head('/v1/messages'));
    assert.ok(text.endsWith(`\r\n9\r\n${begin}\r\n`), text);
  });

  it('passes on the results of a batch that are not in the coding that they tell', async () => {
    const body = Buffer.alloc(1024 * 1024, 'not what it should be');
    answer = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body);
    };
    const request = get(`${fixture.gateway.url}/v1/messages/batches/msgbatch_1/results`, {
      headers: { 'x-api-key': liveToken },
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.deepEqual(Buffer.concat(await response.toArray()), body);
  });

  describe('of the requests that come on a connection without waiting for answers', () => {
    const waiting = Promise.withResolvers<undefined>();
    const ask = (more = ''): string =>
      head('/v1/messages').replace(/^GET/, 'POST').replace(/\r\n$/, `content-length: 2\r\n${more}\r\n{}`);
    const statuses = (text: string): string[] => text.match(/(?<=HTTP\/1\.1 )\d+/g) ?? [];

    beforeEach(() => {
      fixture.admission.admit = () => waiting.promise;
      answer = (_request, response) => response.end();
    });

    it('serves sixteen, refuses the next for now, and ends the connection behind that', async () => {
      const received = sendRaw(fixture.gateway.port, ask().repeat(19) + ask('Connection: close\r\n'));
      while (fixture.admission.asks.length < 16) await setImmediate();
      waiting.resolve(undefined);
      const text = await received;
      assert.deepEqual(statuses(text), [...Array.from({ length: 16 }, () => '200'), '503']);
      assert.match(text, /connection: close\r\n[^]*16 requests of one connection at once/i);
      assert.doesNotMatch(text, /x-should-retry/);
      assert.equal(fixture.admission.asks.length, 16);
    });

    it('serves sixteen more when those before are answered', async () => {
      waiting.resolve(undefined);
      const socket = connect(fixture.gateway.port, '127.0.0.1');
      const received = collect(socket);
      for (const turn of [1, 2, 3]) {
        socket.write(ask().repeat(16));
        while (statuses(received()).length < 16 * turn) await once(socket, 'data');
      }
      assert.deepEqual(new Set(statuses(received())), new Set(['200']));
      socket.destroy();
    });

    it('takes no more than some hundred, and cuts who sends on', async () => {
      fixture.admission.admit = (_ask, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      const socket = connect(fixture.gateway.port, '127.0.0.1');
      const received = collect(socket);
      socket.write(ask().repeat(300));
      while (!socket.destroyed && fixture.admission.asks.length <= 16) await setImmediate();
      assert.deepEqual([received(), socket.destroyed, fixture.admission.asks.length], ['', true, 16]);
    });
  });
});
