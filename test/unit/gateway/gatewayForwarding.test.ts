import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { endsOf, liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, realKey, startFixture, startServer } from './gatewayFixture.ts';
import { untilStill } from './pacedBody.ts';
import { sendRaw } from './rawHttp.ts';

type Listener = Parameters<typeof startServer>[0];

describe('the gateway forwards', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let answer: Listener;

  before(async () => {
    upstream = await startServer((request, response) => {
      answer(request, response);
    });
    fixture = await startFixture(`${upstream.url}/base`);
  });
  beforeEach(() => {
    fixture.admission.reservations.length = 0;
  });
  after(async () => {
    await fixture.close();
    await upstream.close();
  });

  interface Received {
    readonly response: IncomingMessage;
    readonly body: Buffer;
  }
  async function call(options: RequestOptions, body?: Buffer | string): Promise<Received> {
    const request = httpRequest(fixture.gateway.url, {
      ...options,
      agent: false,
      headers: { 'x-api-key': liveToken, ...(options.headers as Record<string, string>) },
    });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { response, body: Buffer.concat(chunks) };
  }
  const message = { method: 'POST', path: '/v1/messages?beta=true' };

  it('method, path, headers and body, below the base path', async () => {
    let seen: { method: string; url: string; raw: string[]; body: string } | undefined;
    answer = (request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen = { method: request.method ?? '', url: request.url ?? '', raw: request.rawHeaders, body };
        response.sendDate = false;
        response.writeHead(201, 'Made', [
          'X-One',
          '1',
          'x-two',
          'a',
          'X-Two',
          'b',
          'Content-Length',
          '2',
          'Connection',
          'close, X-Gone',
          'X-Gone',
          '1',
        ]);
        response.end('{}');
      });
    };
    const { response, body } = await call(
      { method: 'PUT', path: `/s/${liveToken}/v1/x?a=%2f..//`, headers: { 'Anthropic-Beta': 'a,b' } },
      'hello',
    );
    assert.deepEqual([response.statusCode, response.statusMessage, body.toString()], [201, 'Made', '{}']);
    assert.deepEqual(response.rawHeaders.slice(0, 8), [
      'X-One',
      '1',
      'x-two',
      'a',
      'X-Two',
      'b',
      'Content-Length',
      '2',
    ]);
    assert.ok(!response.rawHeaders.includes('X-Gone') && !response.rawHeaders.includes('Date'));
    assert.deepEqual([seen?.method, seen?.url, seen?.body], ['PUT', '/base/v1/x?a=%2f..//', 'hello']);
    assert.ok(seen?.raw.includes('Anthropic-Beta') && seen.raw.includes(realKey));
    assert.ok(!JSON.stringify(seen).includes(liveToken));
    assert.ok(!JSON.stringify(response.rawHeaders).includes(realKey));
  });

  it('bodies of any bytes both ways, however they are cut', async () => {
    answer = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      request.pipe(response);
    };
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.boolean(), async (bytes, chunked) => {
        const headers: Record<string, string> = chunked ? { 'transfer-encoding': 'chunked' } : {};
        const { body } = await call({ ...message, headers }, Buffer.from(bytes));
        assert.deepEqual(body, Buffer.from(bytes));
      }),
      { numRuns: 40 },
    );
  });

  it('a large body that comes while its request waits, without reading it all', async () => {
    const hash = createHash('sha256');
    answer = (request, response) => {
      request.on('data', (chunk: Buffer) => hash.update(chunk));
      request.on('end', () => response.end('{}'));
    };
    const gate = Promise.withResolvers<undefined>();
    fixture.admission.admit = async () => {
      await gate.promise;
    };
    const body = Buffer.alloc(40 * 1024 * 1024, 'abcdefg');
    const request = httpRequest(fixture.gateway.url, {
      ...message,
      headers: { 'x-api-key': liveToken, 'content-length': body.length },
    });
    request.end(body);
    await untilStill(() => request.writableLength);
    const before = process.memoryUsage().arrayBuffers;
    await new Promise((resolve) => setTimeout(resolve, 100));
    // What is not sent yet is still in the client's one buffer; nothing of it is copied while the request waits.
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
    assert.ok((request.socket?.writableLength ?? 0) > 30 * 1024 * 1024);
    fixture.admission.admit = () => Promise.resolve();
    gate.resolve(undefined);
    await once(request, 'response');
    assert.equal(hash.digest('hex'), createHash('sha256').update(body).digest('hex'));
    assert.deepEqual(fixture.admission.asks.at(-1), {
      sessionId: 'session-1',
      usesTokens: true,
      bodyBytes: body.length,
    });
  });

  it('a redirect instead of following it: no other address is ever called', async () => {
    let called = 0;
    const elsewhere = await startServer((_request, response) => {
      called += 1;
      response.end('{}');
    });
    answer = (request, response) => {
      request.resume();
      response.writeHead(307, { location: `${elsewhere.url}/v1/messages`, 'access-control-allow-origin': '*' }).end();
    };
    const { response } = await call(message, '{}');
    assert.deepEqual([response.statusCode, response.headers.location], [307, `${elsewhere.url}/v1/messages`]);
    assert.equal(response.headers['access-control-allow-origin'], undefined);
    assert.equal(called, 0);
    await elsewhere.close();
  });

  it('an answer without the real key, wherever its headers hold it', async () => {
    answer = (request, response) => {
      request.resume();
      const echoed = ['X-Echo', realKey, 'Set-Cookie', `k=${realKey}; Path=/`, `X-${realKey}`, '1', 'X-Kept', '1'];
      response.writeHead(200, `OK ${realKey}`, echoed).end('{}');
    };
    const { response } = await call(message, '{}');
    assert.equal(response.statusMessage, 'OK');
    assert.equal(response.headers['x-kept'], '1');
    assert.ok(!JSON.stringify(response.rawHeaders).includes(realKey));
  });

  it('a body that is sent only when told to', async () => {
    answer = (request, response) => {
      assert.equal(request.headers.expect, undefined);
      request.pipe(response);
    };
    const request = httpRequest(fixture.gateway.url, {
      ...message,
      headers: { 'x-api-key': liveToken, expect: '100-continue', 'content-length': 3 },
    });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('abc');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal((await response.toArray()).join(''), 'abc');
  });

  it('headers as soon as they come, before any body', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    };
    const request = httpRequest(fixture.gateway.url, { path: '/v1/models', headers: { 'x-api-key': liveToken } });
    request.end();
    await once(request, 'response');
    request.destroy();
  });

  it('an answer that comes before the body is sent, and then closes', async () => {
    answer = (_request, response) => {
      response.writeHead(413, { 'content-type': 'application/json' }).end('{"type":"error"}');
    };
    const { port } = fixture.gateway;
    const head = `POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-api-key: ${liveToken}\r\nContent-Length: 9000000\r\n\r\nbegin`;
    const text = await sendRaw(port, head);
    assert.match(text, /^HTTP\/1\.1 413 [^]*connection: close[^]*\{"type":"error"\}/i);
  });

  it('compressed answers as they are, and meters them', async () => {
    const body = gzipSync('{"model":"claude-x","usage":{"input_tokens":11,"output_tokens":22}}');
    answer = (request, response) => {
      request.resume();
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        'request-id': 'req_1',
      });
      for (const byte of body) response.write(Buffer.of(byte));
      response.end();
    };
    const received = await call(message, '{}');
    assert.deepEqual(received.body, body);
    const outcome = await fixture.admission.reservations[0]?.ended;
    assert.ok(outcome !== undefined && outcome !== 'released');
    assert.deepEqual(outcome.usage, {
      inputTokens: 11,
      cacheCreation5mTokens: 0,
      cacheCreation1hTokens: 0,
      cacheReadTokens: 0,
      outputTokens: 22,
    });
    assert.deepEqual([outcome.model, outcome.requestId, outcome.status], ['claude-x', 'req_1', 200]);
  });

  it('answers whole that are read more slowly than the upstream sends them and then closes', async () => {
    const usage = '{"input_tokens":1,"output_tokens":2}';
    const line = (id: number): string =>
      `{"custom_id":"a","result":{"type":"succeeded","message":{"id":"msg_${id}","model":"m","content":"${'x'.repeat(500)}","usage":${usage}}}}\n`;
    const body = Array.from({ length: 400 }, (_, id) => line(id)).join('');
    fixture.admission.bookBatch = () => new Promise((resolve) => setTimeout(resolve, 20));
    for (const framing of ['length', 'chunks', 'connection']) {
      answer = (request, response) => {
        request.resume();
        response.shouldKeepAlive = false;
        response.useChunkedEncodingByDefault = framing !== 'connection';
        response.writeHead(200, {
          'content-type': 'application/x-jsonl',
          ...(framing === 'length' && { 'content-length': body.length }),
        });
        response.end(body);
      };
      const received = await call({ path: '/v1/messages/batches/msgbatch_1/results' });
      assert.ok(received.body.equals(Buffer.from(body)), framing);
    }
    Reflect.deleteProperty(fixture.admission, 'bookBatch');
  });

  it('several requests on one connection, pipelined ones in their order', async () => {
    answer = (request, response) => {
      request.resume();
      const { url = '' } = request;
      setTimeout(() => response.end(url), url.endsWith('1') ? 40 : 0);
    };
    const { port } = fixture.gateway;
    const head = (path: string, more = ''): string =>
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-api-key: ${liveToken}\r\n${more}\r\n`;
    const text = await sendRaw(port, head('/1') + head('/2') + head('/3', 'Connection: close\r\n'));
    assert.deepEqual(text.match(/\/base\/\d/g), ['/base/1', '/base/2', '/base/3']);
  });

  it('and ends every reservation exactly once', () => {
    assert.ok(fixture.admission.reservations.every((reservation) => endsOf(reservation) === 1));
  });
});
