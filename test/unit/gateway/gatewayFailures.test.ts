import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { AdmissionRefusedError } from '../../../src/core/admission.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { liveToken } from './fakeAdmission.ts';
import { directConnections, type GatewayFixture, startFixture, startServer, systemClock } from './gatewayFixture.ts';
import { sendRaw } from './rawHttp.ts';

interface ErrorBody {
  readonly error: { readonly type: string; readonly message: string };
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('the gateway answers for', () => {
  let fixture: GatewayFixture;
  beforeEach(async () => {
    fixture = await startFixture('http://127.0.0.1:1');
  });
  afterEach(() => fixture.close());

  const ask = (): Promise<Response> =>
    fetch(`${fixture.gateway.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': liveToken }, body: '{}' });

  it('an upstream that refuses connections, and notices that it is back', async () => {
    const port = await freePort();
    fixture.target = { baseUrl: `http://127.0.0.1:${port}`, key: 'k' };
    const response = await ask();
    const body = (await response.json()) as ErrorBody;
    assert.deepEqual([response.status, body.error.type], [502, 'api_error']);
    assert.match(
      body.error.message,
      new RegExp(`127.0.0.1:${port} refuses connections.*neither your agent nor your quota`),
    );
    assert.equal(response.headers.get('x-should-retry'), null);
    assert.equal(await fixture.admission.reservations[0]?.ended, 'released');
    await ask();
    const upstream = await startServer((_request, answer) => answer.end('{}'));
    fixture.target = { baseUrl: upstream.url, key: 'k' };
    assert.equal((await ask()).status, 200);
    assert.deepEqual(
      fixture.health.map((state) => (state.kind === 'troubled' ? state.problem.code : state.kind)),
      ['connection-refused', 'connection-refused', 'reachable'],
    );
    await upstream.close();
  });

  it('a request that is not admitted', async () => {
    for (const [seconds, header, value] of [
      [2.2, 'retry-after', '3'],
      [undefined, 'x-should-retry', 'false'],
    ] as const) {
      fixture.admission.admit = () => Promise.reject(new AdmissionRefusedError('The day is used up: wait.', seconds));
      const response = await ask();
      const body = (await response.json()) as ErrorBody;
      assert.deepEqual([response.status, body.error.type], [429, 'rate_limit_error']);
      assert.equal(body.error.message, 'The day is used up: wait.');
      assert.equal(response.headers.get(header), value);
      assert.match(response.headers.get('request-id') ?? '', /^agent-quota-/);
    }
  });

  it('a fault of its own, without its details', async () => {
    fixture.admission.admit = () => Promise.reject(new Error('disk full at /home/someone'));
    const response = await ask();
    assert.equal(response.status, 500);
    assert.ok(!(await response.text()).includes('someone'));
    assert.ok(fixture.logged.some((line) => line.includes('disk full')));
  });

  it('a key that the upstream rejects, in its words, so that it is not asked again', async () => {
    const words = '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}';
    for (const own of [undefined, 'true', 'false']) {
      const upstream = await startServer((_request, answer) => {
        answer.writeHead(401, {
          'content-type': 'application/json',
          ...(own !== undefined && { 'X-Should-Retry': own }),
        });
        answer.end(words);
      });
      fixture.target = { baseUrl: upstream.url, key: 'k' };
      const response = await ask();
      assert.deepEqual([response.status, response.headers.get('x-should-retry')], [401, own ?? 'false']);
      assert.equal(await response.text(), words);
      // Another one is printed by the user's command.
      fixture.target = { baseUrl: upstream.url, key: 'k', renews: true };
      assert.equal((await ask()).headers.get('x-should-retry'), 'true');
      await upstream.close();
    }
  });

  it('nothing of what the upstream says itself, and takes in its limits', async () => {
    const upstream = await startServer((_request, answer) => {
      answer.writeHead(429, {
        'retry-after': '7',
        'anthropic-ratelimit-requests-limit': '5',
        'anthropic-ratelimit-requests-remaining': '0',
        'x-should-retry': 'true',
      });
      answer.end('{"type":"error","usage":{"input_tokens":5}}');
    });
    fixture.target = { baseUrl: upstream.url, key: 'k' };
    const response = await ask();
    assert.deepEqual([response.status, response.headers.get('retry-after')], [429, '7']);
    assert.equal(await response.text(), '{"type":"error","usage":{"input_tokens":5}}');
    const outcome = await fixture.admission.reservations[0]?.ended;
    assert.deepEqual(outcome, { usage: undefined, model: undefined, requestId: undefined, status: 429 });
    assert.deepEqual(fixture.admission.reports, [
      {
        limits: [{ dimension: 'requestsPerMinute', limit: 5, remaining: 0, resetsAt: undefined }],
        retryAfterMs: 7000,
        limited: true,
        model: undefined,
        windows: [],
      },
    ]);
    await upstream.close();
  });

  it('nothing of what an upstream in trouble says itself, and tells of the trouble', async () => {
    for (const [status, code] of [
      [500, 'upstream-failing'],
      [502, 'upstream-failing'],
      [503, 'upstream-overloaded'],
      [529, 'upstream-overloaded'],
    ] as const) {
      const words = '{"type":"error","error":{"type":"some_error","message":"Its own words."}}';
      const upstream = await startServer((_request, answer) => answer.writeHead(status).end(words));
      fixture.target = { baseUrl: upstream.url, key: 'k' };
      const response = await ask();
      assert.deepEqual([response.status, response.headers.get('x-should-retry')], [status, null]);
      assert.equal(await response.text(), words);
      const told = fixture.health.at(-1);
      assert.ok(told?.kind === 'troubled');
      assert.deepEqual([told.problem.code, told.problem.transient], [code, 'failing']);
      await upstream.close();
    }
  });

  it('nothing of an error that comes in a stream, and tells of the trouble', async () => {
    for (const [type, code] of [
      ['overloaded_error', 'upstream-overloaded'],
      ['api_error', 'upstream-failing'],
      ['invalid_request_error', undefined],
    ] as const) {
      const events = `event: error\ndata: {"type":"error","error":{"type":"${type}","message":"Its words."}}\n\n`;
      const upstream = await startServer((_request, answer) => {
        answer.writeHead(200, { 'content-type': 'text/event-stream' }).end(events);
      });
      fixture.target = { baseUrl: upstream.url, key: 'k' };
      const before = fixture.health.length;
      assert.equal(await (await ask()).text(), events);
      await fixture.admission.reservations.at(-1)?.ended;
      const told = fixture.health.slice(before).findLast(({ kind }) => kind === 'troubled');
      assert.equal(told?.kind === 'troubled' ? told.problem.code : undefined, code);
      await upstream.close();
    }
  });

  it('an upstream that takes a request and says nothing, just before the client’s own patience ends', async () => {
    const upstream = await startServer(() => undefined);
    fixture.target = { baseUrl: upstream.url, key: 'k' };
    const response = await fetch(`${fixture.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': liveToken, 'x-stainless-timeout': '0.3' },
      body: '{}',
    });
    const body = (await response.json()) as ErrorBody;
    assert.deepEqual([response.status, body.error.type], [504, 'api_error']);
    assert.match(body.error.message, /took the request and did not answer.*neither your agent nor your quota/);
    await upstream.close();
  });

  it('a body that stands still', async () => {
    const upstream = await startServer(() => undefined);
    // The patience of a minute is over at once; the linger of a second is not changed.
    const hasty: Clock = {
      ...systemClock,
      after: (ms, callback) => systemClock.after(ms === 60_000 ? 30 : ms, callback),
    };
    const slow = await startFixture(upstream.url, hasty);
    const { port } = slow.gateway;
    const text = await sendRaw(
      port,
      `POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nx-api-key: ${liveToken}\r\nContent-Length: 9\r\n\r\nbegin`,
    );
    assert.match(text, /^HTTP\/1\.1 408 /);
    await slow.close();
    await upstream.close();
  });
});

describe('a gateway', () => {
  it('takes the wanted port, and another one when it is taken', async () => {
    const first = await startFixture('http://127.0.0.1:1');
    const { startGateway } = await import('../../../src/gateway/gateway.ts');
    const log = (): void => undefined;
    const options = {
      admission: first.admission,
      upstream: () => undefined,
      keyWanted: () => false,
      configured: first.configured,
      logger: { debug: log, info: log, warn: log, error: log },
      clock: systemClock,
      connections: directConnections(),
      port: first.gateway.port,
    };
    const second = await startGateway(options);
    assert.notEqual(second.port, first.gateway.port);
    await first.close();
    await second.close();
    const third = await startGateway(options);
    assert.equal(third.port, options.port);
    assert.equal(third.url, `http://127.0.0.1:${third.port}`);
    await third.close();
  });

  it('closes in bounded time, cutting and settling what is in flight', async () => {
    const begun = Promise.withResolvers<undefined>();
    const upstream = await startServer((_request, answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      answer.write('data: {"type":"message_start","message":{"usage":{"input_tokens":3}}}\n\n');
      begun.resolve(undefined);
    });
    const fixture = await startFixture(upstream.url);
    const response = await fetch(`${fixture.gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': liveToken },
    });
    await begun.promise;
    const waiting = Promise.withResolvers<undefined>();
    fixture.admission.admit = (_ask, signal) =>
      new Promise((_resolve, reject) => {
        waiting.resolve(undefined);
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    const inLine = fetch(`${fixture.gateway.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': liveToken } });
    const refused = assert.rejects(inLine);
    await waiting.promise;
    const startedAt = Date.now();
    await Promise.all([fixture.close(), fixture.close()]);
    assert.ok(Date.now() - startedAt < 5000);
    await assert.rejects(response.text());
    await refused;
    const outcome = await fixture.admission.reservations[0]?.ended;
    assert.ok(outcome !== undefined && outcome !== 'released');
    assert.equal(outcome.usage?.inputTokens, 3);
    await upstream.close();
  });
});
