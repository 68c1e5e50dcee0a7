import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import timers from 'undici/lib/util/timers.js';
import { liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, startFixture, startServer } from './gatewayFixture.ts';

const seconds = 1000;
const minutes = 60 * seconds;

/** Lets time pass for what waits for the upstream. */
function pass(ms: number): void {
  // What has begun to wait since the last tick does so now.
  timers.tick(0);
  timers.tick(ms);
}

describe('where nothing else is said the gateway waits for the upstream', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let reached: PromiseWithResolvers<ServerResponse>;

  before(async () => {
    upstream = await startServer((request, response) => {
      request.resume();
      reached.resolve(response);
    });
  });
  beforeEach(async () => {
    reached = Promise.withResolvers();
    fixture = await startFixture(upstream.url);
  });
  afterEach(() => fixture.close());
  after(() => upstream.close());

  async function ask(): Promise<IncomingMessage> {
    const { url } = fixture.gateway;
    const headers = { 'x-api-key': liveToken };
    const request = httpRequest(`${url}/v1/messages`, { method: 'POST', agent: false, headers }).end('{}');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response.on('error', () => undefined);
  }
  const codes = (): string[] =>
    fixture.health.map((state) => (state.kind === 'troubled' ? state.problem.code : state.kind));

  it('280 s for more of an answer, from what came last', async () => {
    const asked = ask();
    const answer = await reached.promise;
    answer.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: first\ndata: {}\n\n');
    const response = await asked;
    const received: string[] = [];
    response.on('data', (chunk) => received.push(String(chunk)));
    await once(response, 'data');
    pass(270 * seconds);
    answer.write('event: second\ndata: {}\n\n');
    await once(response, 'data');
    pass(270 * seconds);
    answer.write('event: third\ndata: {}\n\n');
    await once(response, 'data');
    pass(281 * seconds);
    answer.end('event: late\ndata: {}\n\n');
    await new Promise((resolve) => response.once('close', resolve));
    assert.match(received.join(''), /^event: first\n[^]*^event: second\n[^]*^event: third\n[^]*fell silent/m);
    assert.doesNotMatch(received.join(''), /late/);
    assert.deepEqual(codes(), ['answer-stalled']);
  });

  it('15 minutes for the begin of an answer', async () => {
    for (const [waited, status] of [
      [14.5 * minutes, 200],
      [15 * minutes + seconds, 504],
    ] as const) {
      reached = Promise.withResolvers();
      const asked = ask();
      const answer = await reached.promise;
      pass(waited);
      answer.end('{}');
      assert.equal((await asked).resume().statusCode, status);
    }
    assert.deepEqual(codes(), ['answer-timeout']);
  });

  it('10 s for a connection', async () => {
    // It takes the connection and never speaks TLS.
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    fixture.target = { baseUrl: `https://127.0.0.1:${(silent.address() as AddressInfo).port}`, key: 'k' };
    const asked = ask();
    await once(silent, 'connection');
    pass(8 * seconds);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(codes(), []);
    pass(3 * seconds);
    assert.equal((await asked).resume().statusCode, 504);
    assert.deepEqual(codes(), ['connect-timeout']);
    silent.close();
  });
});
