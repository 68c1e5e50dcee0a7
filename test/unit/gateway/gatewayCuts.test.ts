import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { endsOf, liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, startFixture, startServer } from './gatewayFixture.ts';
import { sendPaced, untilStill } from './pacedBody.ts';
import { collect } from './rawHttp.ts';
import { readUntilCut } from './readUntilCut.ts';

describe('the gateway passes on', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let answer: Parameters<typeof startServer>[0];

  before(async () => {
    upstream = await startServer((request, response) => {
      answer(request, response);
    });
    fixture = await startFixture(upstream.url);
  });
  after(async () => {
    await fixture.close();
    await upstream.close();
  });

  const message = { method: 'POST', path: '/v1/messages?beta=true' };
  const ask = (): Promise<Response> =>
    fetch(`${fixture.gateway.url}${message.path}`, {
      method: 'POST',
      headers: { 'x-api-key': liveToken },
      body: '{}',
    });

  it('at the pace of the reader', async () => {
    let sent = 0;
    let drained = 0;
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const push = (): void => {
        while (sent < 64 * 1024 * 1024) {
          sent += 65536;
          if (!response.write(Buffer.alloc(65536, `data: ${'a'.repeat(249)}\n`))) {
            response.once('drain', push);
            return;
          }
          drained += 1;
        }
        response.end();
      };
      push();
    };
    const request = httpRequest(fixture.gateway.url, { ...message, headers: { 'x-api-key': liveToken } });
    request.end('{}');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken of an answer that nobody reads (${drained})`);
    let received = 0;
    for await (const chunk of response) received += (chunk as Buffer).length;
    assert.equal(received, 64 * 1024 * 1024);
  });

  it('a body at the pace of the upstream', async () => {
    const reads = Promise.withResolvers<undefined>();
    const reached = Promise.withResolvers<undefined>();
    let received = 0;
    answer = (request, response) => {
      reached.resolve(undefined);
      void reads.promise.then(async () => {
        for await (const chunk of request) received += (chunk as Buffer).length;
        response.end('{}');
      });
    };
    const length = 64 * 1024 * 1024;
    const headers = { 'x-api-key': liveToken, 'content-length': length };
    const request = httpRequest(fixture.gateway.url, { ...message, headers });
    const sent = sendPaced(request, length);
    await reached.promise;
    const taken = await untilStill(sent);
    assert.ok(taken < length / 2, `${taken} bytes were taken of a body that the upstream does not read`);
    reads.resolve(undefined);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    assert.equal(received, length);
  });

  it('a cut as a cut, with what came before it', async () => {
    const stopped = 'event: message_stop\ndata: {"type":"message_stop"          }\n\n';
    for (const [headers, begin] of [
      [{ 'content-length': '1000' }, 'data: 1\n\n'],
      [{ 'content-encoding': 'gzip' }, 'data: 1\n\n'],
      [{ 'content-type': 'application/json' }, '{"type":"message"'],
      [{}, 'event: ping\ndata: {"ty'],
      [{}, stopped],
    ] as const) {
      answer = (request, response) => {
        request.resume();
        response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
        response.write(begin);
        setTimeout(() => response.socket?.destroy(), 20);
      };
      const request = httpRequest(fixture.gateway.url, { ...message, headers: { 'x-api-key': liveToken } });
      request.end('{}');
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const received: string[] = [];
      await assert.rejects(async () => {
        for await (const chunk of response) received.push(String(chunk));
      }, /aborted/);
      assert.equal(received.join(''), begin);
      const reservation = fixture.admission.reservations.at(-1);
      assert.ok(reservation);
      assert.notEqual(await reservation.ended, 'released');
    }
  });

  it('a cut between two events of a stream as an error event, which says whose fault it is, and a cut', async () => {
    for (const begin of ['', 'data: 1\n\n', 'data: 1\r\n\r\n', `data: ${'x'.repeat(300)}\n\n`]) {
      answer = (request, response) => {
        request.resume();
        response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
        if (begin === '') response.flushHeaders();
        else response.write(begin);
        setTimeout(() => response.socket?.destroy(), 20);
      };
      const text = await readUntilCut(await ask());
      assert.ok(text.startsWith(begin));
      const [, data = ''] = /^event: error\ndata: (.*)\n\n$/.exec(text.slice(begin.length)) ?? [];
      const { type, error } = JSON.parse(data) as { type: string; error: { type: string; message: string } };
      assert.deepEqual([type, error.type], ['error', 'api_error']);
      assert.match(
        error.message,
        /^The connection to 127\.0\.0\.1:\d+ was lost in the middle of an answer\. .*neither/,
      );
      const told = fixture.health.at(-1);
      assert.equal(told?.kind === 'troubled' && told.problem.code, 'answer-cut');
    }
  });

  it('as a cut a stream whose end is that of the connection, where its message has not ended', async () => {
    const begin = 'event: ping\ndata: {"type":"ping"}\n\n';
    for (const isReset of [true, false]) {
      answer = (request, response) => {
        request.resume();
        response.useChunkedEncodingByDefault = false;
        response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
        response.write(begin);
        setTimeout(() => {
          if (isReset) response.socket?.resetAndDestroy();
          else response.end();
        }, 20);
      };
      const text = await readUntilCut(await ask());
      assert.ok(text.startsWith(`${begin}event: error\n`), text);
    }
    const whole = `${begin}event: message_stop\ndata: {"type":"message_stop"}\n\n`;
    answer = (request, response) => {
      request.resume();
      response.useChunkedEncodingByDefault = false;
      response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
      response.end(whole);
    };
    assert.equal(await (await ask()).text(), whole);
  });

  it('a cut to a client of HTTP/1.0 as a reset', async () => {
    answer = (request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      setTimeout(() => response.socket?.destroy(), 20);
    };
    const { port } = fixture.gateway;
    const socket = connect(port, '127.0.0.1');
    const received = collect(socket);
    socket.write(`GET /v1/models HTTP/1.0\r\nHost: 127.0.0.1:${port}\r\nx-api-key: ${liveToken}\r\n\r\n`);
    const hadError = await new Promise((resolve) => socket.once('close', resolve));
    assert.match(received(), /^HTTP\/1\.1 200/);
    assert.ok(hadError);
  });

  it('nothing more when the client goes, and stops the upstream at once', async () => {
    const closed = Promise.withResolvers<undefined>();
    answer = (request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        'event: message_start\ndata: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":5}}}\n\n',
      );
      response.once('close', () => {
        closed.resolve(undefined);
      });
    };
    const request = httpRequest(fixture.gateway.url, { ...message, headers: { 'x-api-key': liveToken } });
    request.end('{}');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response, 'data');
    request.destroy();
    await closed.promise;
    const reservation = fixture.admission.reservations.at(-1);
    assert.ok(reservation);
    const outcome = await reservation.ended;
    assert.ok(outcome !== 'released');
    assert.deepEqual([outcome.usage?.inputTokens, outcome.model, outcome.status], [5, 'm', 200]);
    assert.deepEqual(
      reservation.told.map(({ kind }) => kind),
      ['answered', 'metered', 'settled'],
    );
  });

  it('that the client has gone before the answer began, at once', async () => {
    for (const [headers, body] of [
      [{}, '{}'],
      // It goes in the middle of its body.
      [{ 'content-length': '1000000' }, 'begin'],
    ] as const) {
      const [reached, closed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
      const isWhole = body === '{}';
      answer = (request) => {
        request.once(isWhole ? 'end' : 'data', () => {
          reached.resolve(undefined);
        });
        request
          .on('error', () => undefined)
          .resume()
          .socket.once('close', () => {
            closed.resolve(undefined);
          });
      };
      const request = httpRequest(fixture.gateway.url, {
        ...message,
        agent: false,
        headers: { 'x-api-key': liveToken, ...headers },
      });
      request.on('error', () => undefined).write(body);
      if (isWhole) request.end();
      await reached.promise;
      request.destroy();
      await closed.promise;
      const outcome = await fixture.admission.reservations.at(-1)?.ended;
      const unknown = { usage: undefined, model: undefined, requestId: undefined, status: undefined };
      assert.deepEqual(outcome, { ...unknown, ...(!isWhole && { unsent: true }) });
    }
  });

  it('a wait that the client has left as an abort, and gives nothing to the upstream', async () => {
    const waits = Promise.withResolvers<undefined>();
    const left = Promise.withResolvers<unknown>();
    fixture.admission.admit = (_ask, signal) =>
      new Promise((_resolve, reject) => {
        waits.resolve(undefined);
        signal.addEventListener('abort', () => {
          left.resolve(signal.reason);
          reject(signal.reason as Error);
        });
      });
    answer = () => {
      assert.fail('reached the upstream');
    };
    // Longer than what a socket buffers: most real bodies come whole while their request waits.
    const body = Buffer.alloc(300_000);
    const request = httpRequest(fixture.gateway.url, { ...message, headers: { 'x-api-key': liveToken } });
    request.on('error', () => undefined).end(body);
    await waits.promise;
    request.destroy();
    assert.match(String(await left.promise), /closed its connection/);
    fixture.admission.admit = () => Promise.resolve();
  });

  it('and ends every reservation exactly once', () => {
    assert.ok(fixture.admission.reservations.every((reservation) => endsOf(reservation) === 1));
  });
});
