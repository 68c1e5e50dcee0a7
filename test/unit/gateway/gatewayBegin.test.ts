import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { TokenOwner } from '../../../src/core/admission.ts';
import { endsOf, liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, startFixture, startServer, systemClock } from './gatewayFixture.ts';
import { sendPaced, untilStill } from './pacedBody.ts';
import { collect } from './rawHttp.ts';

describe('before a request is admitted the gateway reads', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;

  before(async () => {
    upstream = await startServer((request, response) => request.pipe(response));
    fixture = await startFixture(upstream.url);
  });
  beforeEach(() => {
    fixture.admission.asks.length = 0;
    fixture.admission.admit = () => Promise.resolve();
  });
  after(async () => {
    await fixture.close();
    await upstream.close();
  });

  /** Sends a body in pieces, each in a packet of its own. @returns what the upstream has got of it. */
  async function send(
    pieces: readonly Buffer[],
    headers: Record<string, string> = {},
    path = '/v1/messages?beta=true',
  ) {
    const request = httpRequest(fixture.gateway.url, {
      method: 'POST',
      path,
      agent: false,
      headers: { 'x-api-key': liveToken, ...headers },
    });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.flushHeaders();
    if (headers['expect'] !== undefined) await once(request, 'continue');
    for (const piece of pieces) {
      await new Promise((resolve) => request.write(piece, resolve));
      await wait(1);
    }
    request.end();
    const [response] = await answered;
    return Buffer.concat((await response.toArray()) as Buffer[]);
  }
  const body = Buffer.from('{"model":"claude-x","max_tokens":64,"messages":[{"content":"Grüße 🎉"}]}');
  const length = { 'content-length': String(body.length) };
  const asked = (): unknown[] => fixture.admission.asks.map(({ model, maxTokens }) => [model, maxTokens]);

  it('the model and max_tokens, of bodies with a length and in chunks', async () => {
    assert.deepEqual(await send([body], length), body);
    assert.deepEqual(await send([body]), body);
    assert.deepEqual(asked(), [
      ['claude-x', 64],
      ['claude-x', 64],
    ]);
    assert.deepEqual(
      fixture.admission.asks.map(({ bodyBytes }) => bodyBytes),
      [body.length, undefined],
    );
  });

  it('nothing of compressed bodies, of other endpoints, of bodies that are sent when told to, and of empty ones', async () => {
    const zipped = gzipSync(body);
    assert.deepEqual(await send([zipped], { 'content-encoding': 'gzip' }), zipped);
    // Whatever the bytes look like.
    assert.deepEqual(await send([body], { 'content-encoding': 'br' }), body);
    assert.deepEqual(await send([body], length, '/v1/messages/count_tokens'), body);
    assert.deepEqual(await send([body], { ...length, expect: '100-continue' }), body);
    assert.equal((await send([])).length, 0);
    assert.equal((await send([], { 'content-length': '0' })).length, 0);
    assert.ok(fixture.admission.asks.every((ask) => !('model' in ask) && !('maxTokens' in ask)));
    assert.equal(fixture.admission.asks.length, 6);
  });

  it('nothing of a body, and waits for none, until it knows whose request it is', async () => {
    const order: string[] = [];
    const begun = Promise.withResolvers<undefined>();
    const happens = (what: string): void => {
      order.push(what);
      begun.resolve(undefined);
    };
    const after = (ms: number, callback: () => void): (() => void) => {
      happens(`waits for ${ms} ms`);
      return systemClock.after(ms, callback);
    };
    const strict = await startFixture(upstream.url, { ...systemClock, after });
    const owner = Promise.withResolvers<TokenOwner>();
    strict.admission.ownerOfToken = () => {
      happens('asks whose it is');
      return owner.promise;
    };
    const large = 64 * 1024 * 1024;
    const request = httpRequest(strict.gateway.url, {
      method: 'POST',
      path: '/v1/messages',
      headers: { 'x-api-key': 'nobody-s-key', 'content-length': large },
    });
    request.on('error', () => undefined).flushHeaders();
    await begun.promise;
    const taken = await untilStill(sendPaced(request, large));
    assert.ok(taken < large / 2, `${taken} bytes`);
    assert.deepEqual(order, ['asks whose it is']);
    owner.resolve({ kind: 'unknown' });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 401);
    request.destroy();
    await strict.close();
  });

  it('no longer than a moment', async () => {
    const { port } = fixture.gateway;
    const socket = connect(port, '127.0.0.1');
    const received = collect(socket);
    const startedAt = performance.now();
    const admitted = new Promise<undefined>((resolve) => {
      fixture.admission.admit = () => {
        resolve(undefined);
        return Promise.resolve();
      };
    });
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-api-key: ${liveToken}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await admitted;
    const waited = performance.now() - startedAt;
    assert.ok(waited > 30 && waited < 5000, `${waited} ms`);
    socket.write(body);
    await once(socket, 'close');
    assert.ok(received().includes('claude-x'));
    assert.deepEqual(asked(), [[undefined, undefined]]);
  });

  it('and asks for nothing when the client goes meanwhile', async () => {
    const [waits, waitsNoMore] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    // The time for the begin is never up.
    const after = (): (() => void) => {
      waits.resolve(undefined);
      return () => {
        waitsNoMore.resolve(undefined);
      };
    };
    const patient = await startFixture(upstream.url, { ...systemClock, after });
    const begins = ({ gateway: { port } }: GatewayFixture, begin: string): Socket => {
      const socket = connect(port, '127.0.0.1');
      socket.write(
        `POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-api-key: ${liveToken}\r\nContent-Length: 9\r\n\r\n${begin}`,
      );
      return socket;
    };
    const silent = begins(patient, '');
    await waits.promise;
    silent.resetAndDestroy();
    await waitsNoMore.promise;
    await wait(60);
    assert.deepEqual(patient.admission.asks, []);
    await patient.close();

    // One whose begin has come is admitted, and ended.
    const ended = fixture.admission.reservations.length;
    const begun = begins(fixture, '{"mod');
    while (fixture.admission.reservations.length === ended) await wait(1);
    begun.resetAndDestroy();
    const [reservation] = fixture.admission.reservations.slice(ended);
    assert.ok(reservation);
    await reservation.ended;
    assert.equal(endsOf(reservation), 1);
    assert.equal(fixture.admission.asks.length, 1);
  });

  it('and forwards the same bytes, however they are cut and however long they wait', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 5 }),
        fc.constantFrom(1, 700),
        fc.boolean(),
        fc.integer({ min: 0, max: 15 }),
        async (cuts, times, announced, waitMs) => {
          fixture.admission.admit = () => wait(waitMs);
          const pieces = [body.subarray(0, 5), ...cuts.map((cut) => Buffer.concat(Array<Uint8Array>(times).fill(cut)))];
          const whole = Buffer.concat(pieces);
          const headers: Record<string, string> = announced ? { 'content-length': String(whole.length) } : {};
          assert.ok((await send(pieces, headers)).equals(whole));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('and forwards a long body that waits in line whole, once', async () => {
    const gate = Promise.withResolvers<undefined>();
    fixture.admission.admit = () => gate.promise;
    const long = Buffer.concat([body.subarray(0, 36), Buffer.alloc(3_000_000, 'abcdefghijk')]);
    const sent = send([long], { 'content-length': String(long.length) });
    await wait(60);
    gate.resolve(undefined);
    assert.ok((await sent).equals(long));
    assert.deepEqual(asked(), [['claude-x', 64]]);
  });
});
