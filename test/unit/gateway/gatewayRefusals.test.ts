import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { endedToken, liveToken } from './fakeAdmission.ts';
import { type GatewayFixture, realKey, startFixture, startServer } from './gatewayFixture.ts';
import { collect, sendRaw } from './rawHttp.ts';

describe('the gateway refuses', () => {
  let fixture: GatewayFixture;
  let upstream: Awaited<ReturnType<typeof startServer>>;
  let reached = 0;
  /** Of those, how many came with a whole body. */
  let whole = 0;

  before(async () => {
    upstream = await startServer((request, response) => {
      reached += 1;
      request.resume().on('end', () => (whole += 1));
      if (request.url === '/v1/slow') setTimeout(() => response.end('{}'), 50);
      else response.end('{}');
    });
    fixture = await startFixture(upstream.url);
  });
  beforeEach(() => {
    reached = 0;
    whole = 0;
  });
  after(async () => {
    await fixture.close();
    await upstream.close();
  });

  /** The status and body of an answer to a request of these lines; `$HOST` is the gateway's own. */
  async function answerTo(...lines: string[]): Promise<{ status: number; head: string; body: string }> {
    const { port } = fixture.gateway;
    const text = lines
      .join('\r\n')
      .replaceAll('$HOST', `Host: 127.0.0.1:${port}`)
      .replaceAll('$OWN', `127.0.0.1:${port}`);
    const answer = await sendRaw(port, text);
    const [head = '', body = ''] = answer.split(/\r\n\r\n([^]*)/);
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head: head.toLowerCase(), body };
  }

  const key = `x-api-key: ${liveToken}`;
  const close = 'Connection: close';
  const cases: readonly (readonly [string, number, string[]])[] = [
    ['another host', 403, ['GET /v1/models HTTP/1.1', 'Host: evil.example', key, close]],
    ['no host', 400, ['GET /v1/models HTTP/1.1', key, close]],
    ['no host in HTTP/1.0', 400, ['GET /v1/models HTTP/1.0', key]],
    ['a host without its port', 403, ['GET /v1/models HTTP/1.1', 'Host: 127.0.0.1', key, close]],
    ['another port', 403, ['GET /v1/models HTTP/1.1', 'Host: 127.0.0.1:1', key, close]],
    ['two hosts', 400, ['GET /v1/models HTTP/1.1', '$HOST', '$HOST', key, close]],
    ['an origin', 403, ['GET /v1/models HTTP/1.1', '$HOST', 'Origin: null', key, close]],
    ['a web page', 403, ['GET /v1/models HTTP/1.1', '$HOST', 'Sec-Fetch-Site: cross-site', key, close]],
    [
      'a preflight',
      403,
      [
        ...['OPTIONS /v1/messages HTTP/1.1', '$HOST', 'Origin: https://evil.example', close],
        ...['Access-Control-Request-Method: POST', 'Access-Control-Request-Private-Network: true'],
      ],
    ],
    ['its own address as a target', 400, ['GET http://$OWN/v1/models HTTP/1.1', '$HOST', key, close]],
    ['a target without a slash', 400, ['GET evil.example HTTP/1.1', '$HOST', key, close]],
    ['a backslash', 400, ['GET /v1\\..\\x HTTP/1.1', '$HOST', key, close]],
    ['an encoded backslash', 400, ['GET /v1%5Cx HTTP/1.1', '$HOST', key, close]],
    ['plain dot segments', 400, ['GET /v1/../x HTTP/1.1', '$HOST', key, close]],
    ['HTTP/2', 400, ['GET /v1/models HTTP/2.0', '$HOST', key, close]],
    ['HTTP/0.9', 400, ['GET /v1/models']],
    ['an unknown method', 400, ['SOURCE /v1/models HTTP/1.1', '$HOST', key, close]],
    ['another expectation', 417, ['POST /v1/x HTTP/1.1', '$HOST', key, close, 'Expect: gold', 'Content-Length: 1']],
    ['the same length twice', 400, ['POST /v1/x HTTP/1.1', '$HOST', key, 'Content-Length: 0', 'Content-Length: 0']],
    ['a list of lengths', 400, ['POST /v1/x HTTP/1.1', '$HOST', key, 'Content-Length: 0, 0']],
    ['a length with a sign', 400, ['POST /v1/x HTTP/1.1', '$HOST', key, 'Content-Length: +0']],
    [
      'chunks and a length',
      400,
      ['POST /v1/x HTTP/1.1', '$HOST', key, 'Transfer-Encoding: chunked', 'Content-Length: 1'],
    ],
    [
      'chunks twice',
      400,
      ['POST /v1/x HTTP/1.1', '$HOST', key, ...Array<string>(2).fill('Transfer-Encoding: chunked')],
    ],
    [
      'a coding that looks like chunked',
      400,
      ['POST /v1/x HTTP/1.1', '$HOST', key, close, 'Transfer-Encoding: xchunked'],
    ],
    [
      'a coding behind a control character',
      400,
      ['POST /v1/x HTTP/1.1', '$HOST', key, 'Transfer-Encoding: \x0bchunked'],
    ],
    ['chunks in HTTP/1.0', 400, ['POST /v1/x HTTP/1.0', '$HOST', key, 'Transfer-Encoding: chunked']],
    ['a folded header', 400, ['GET /v1/models HTTP/1.1', '$HOST', key, 'x: a\r\n b']],
    ['a line feed alone', 400, ['GET /v1/models HTTP/1.1', '$HOST', `${key}\nx: y`]],
    ['a carriage return alone', 400, ['GET /v1/models HTTP/1.1', '$HOST', `${key}\rx: y`]],
    ['an absolute target', 400, ['GET http://evil.example/v1/models HTTP/1.1', '$HOST', key, close]],
    ['a host in the path', 400, ['GET //evil.example/ HTTP/1.1', '$HOST', key, close]],
    ['dot segments', 400, ['GET /v1/%2e%2e/x HTTP/1.1', '$HOST', key, close]],
    ['an encoded slash', 400, ['GET /v1%2Fx HTTP/1.1', '$HOST', key, close]],
    ['CONNECT', 400, ['CONNECT evil.example:443 HTTP/1.1', '$HOST', key, close]],
    ['an upgrade', 400, ['GET /v1/x HTTP/1.1', '$HOST', key, 'Connection: upgrade', 'Upgrade: websocket']],
    ['TRACE', 400, ['TRACE /v1/models HTTP/1.1', '$HOST', key, close]],
    ['two lengths', 400, ['POST /v1/messages HTTP/1.1', '$HOST', key, 'Content-Length: 1', 'Content-Length: 2']],
    [
      'a length and chunks',
      400,
      ['POST /v1/x HTTP/1.1', '$HOST', key, 'Content-Length: 1', 'Transfer-Encoding: chunked'],
    ],
    ['another transfer coding', 400, ['POST /v1/x HTTP/1.1', '$HOST', key, close, 'Transfer-Encoding: gzip, chunked']],
    ['a header without a name', 400, ['GET /v1/models HTTP/1.1', '$HOST', ': x']],
    ['a space before the colon', 400, ['GET /v1/models HTTP/1.1', '$HOST', 'x-api-key : x']],
    ['no HTTP', 400, ['hello']],
    ['endless headers', 431, ['GET /v1/models HTTP/1.1', '$HOST', `x: ${'x'.repeat(40_000)}`]],
    [
      'too many headers',
      431,
      ['GET /v1/models HTTP/1.1', '$HOST', close, ...Array.from({ length: 300 }, () => 'a: b')],
    ],
    ['no key', 401, ['GET /v1/models HTTP/1.1', '$HOST', close]],
    ['a foreign key', 401, ['GET /v1/models HTTP/1.1', '$HOST', 'x-api-key: sk-ant-other', close]],
    ['a foreign key in the path', 401, ['GET /s/other/v1/models HTTP/1.1', '$HOST', key, close]],
    [
      'the key of an ended session',
      403,
      ['GET /v1/models HTTP/1.1', '$HOST', `Authorization: Bearer ${endedToken}`, close],
    ],
    ['the key in the query', 400, [`GET /v1/models?k=${liveToken} HTTP/1.1`, '$HOST', key, close]],
  ];
  for (const [what, status, lines] of cases) {
    it(`${what} with ${status}`, async () => {
      const answer = await answerTo(...lines, '', '');
      assert.equal(answer.status, status);
      const parsed = JSON.parse(answer.body) as { type: string; error: { type: string; message: string } };
      assert.equal(parsed.type, 'error');
      assert.ok(parsed.error.message.length > 20);
      assert.match(answer.head, /x-should-retry: false/);
      assert.match(answer.head, /request-id: agent-quota-/);
      assert.ok(!answer.head.includes('access-control'));
      assert.equal(reached, 0);
      assert.equal(fixture.admission.asks.length, 0);
      assert.ok(!JSON.stringify([answer, fixture.logged]).includes(realKey));
    });
  }

  it('chunks that two readers may end differently, in the middle of the body and without an answer', async () => {
    for (const body of [
      '0x1\r\na',
      '1 \r\na',
      '1\na',
      '1\r\nab',
      '-1\r\na',
      'f'.repeat(17),
      `1;${'x'.repeat(17_000)}`,
    ]) {
      const head = ['POST /v1/x HTTP/1.1', '$HOST', key, 'Transfer-Encoding: chunked', '', ''];
      const answer = await answerTo(...head.slice(0, -1), `${body}\r\n0\r\n\r\n`);
      assert.ok(Number.isNaN(answer.status) || answer.status === 400, `${body} ${answer.status}`);
    }
    assert.equal(whole, 0);
    fixture.admission.asks.length = 0;
  });

  it('whatever comes behind a request that it has refused with the connection', async () => {
    const good = (path: string): string => [`GET ${path} HTTP/1.1`, '$HOST', key, '', ''].join('\r\n');
    // The refusal waits for the answer before it, and the connection stays open meanwhile.
    for (const refused of [
      ['POST /v1/x HTTP/1.1', '$HOST', key, 'Transfer-Encoding: gzip, chunked', '', '0', '', ''],
      ['GET /v1/x HTTP/1.1', '$HOST', key, 'Origin: null', '', ''],
      ['GET /v1/../x HTTP/1.1', '$HOST', key, '', ''],
    ]) {
      reached = 0;
      const answer = await answerTo(good('/v1/slow') + refused.join('\r\n') + good('/v1/inner'));
      assert.equal(answer.status, 200);
      assert.match(answer.body, /^[^]*HTTP\/1\.1 40[03] [^]*connection: close/i);
      assert.equal(reached, 1);
    }
  });

  it('another protocol behind a request that is being answered, with the connection', async () => {
    const upgrade = ['GET /v1/x HTTP/1.1', '$HOST', key, 'Connection: upgrade', 'Upgrade: websocket', '', ''];
    const answer = await answerTo('GET /v1/models HTTP/1.1', '$HOST', key, '', ...upgrade);
    assert.ok(Number.isNaN(answer.status));
  });

  it('and says what to do about a foreign and an ended key', async () => {
    const foreign = await answerTo('GET / HTTP/1.1', '$HOST', 'x-api-key: other', close, '', '');
    assert.match(foreign.body, /authentication_error.*Agent Quota's gateway.*start-up file.*ANTHROPIC_API_KEY/);
    const ended = await answerTo('GET / HTTP/1.1', '$HOST', `x-api-key: ${endedToken}`, close, '', '');
    assert.match(ended.body, /permission_error.*session has ended.*open a new agent terminal/);
  });

  it('at once, before a body that is announced has come, and closes', async () => {
    const head = ['POST /v1/messages HTTP/1.1', '$HOST', 'x-api-key: other', 'Content-Length: 50000000', '', ''];
    const { port } = fixture.gateway;
    const waited: number[] = [];
    for (let times = 0; times < 5; times += 1) {
      const socket = connect(port, '127.0.0.1');
      const received = collect(socket);
      const startedAt = performance.now();
      socket.write(head.join('\r\n').replaceAll('$HOST', `Host: localhost:${port}`));
      await once(socket, 'data');
      waited.push(performance.now() - startedAt);
      assert.match(received(), /^HTTP\/1\.1 401 [^]*connection: close/i);
      socket.destroy();
    }
    // A busy machine is not slow each time.
    assert.ok(Math.min(...waited) < 1000, `${waited.join()} ms`);
  });

  it('so that a client that is still sending gets the answer', async () => {
    const { port } = fixture.gateway;
    const socket = connect(port, '127.0.0.1');
    const received = collect(socket);
    socket.write(
      `POST /v1/messages HTTP/1.1\r\nHost: localhost:${port}\r\nx-api-key: other\r\nContent-Length: 3000000\r\n\r\n`,
    );
    for (let sent = 0; sent < 3_000_000 && !socket.destroyed; sent += 100_000) {
      if (!socket.write(Buffer.alloc(100_000))) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
    }
    if (!socket.closed) await once(socket, 'close');
    assert.match(received(), /^HTTP\/1\.1 401 [^]*authentication_error/);
  });

  it('does not tell a client to go on with a body that is refused', async () => {
    const head = [
      'POST /v1/messages HTTP/1.1',
      '$HOST',
      'x-api-key: other',
      'Content-Length: 5',
      'Expect: 100-continue',
      '',
      '',
    ];
    assert.equal((await answerTo(...head)).status, 401);
  });

  it('when there are no credentials, and says so', async () => {
    const { target } = fixture;
    for (const unusable of [
      undefined,
      { baseUrl: 'http://example.com', key: 'k' },
      { baseUrl: upstream.url, key: 'a\nb' },
    ]) {
      fixture.target = unusable;
      const answer = await answerTo('GET /v1/models HTTP/1.1', '$HOST', key, close, '', '');
      assert.equal(answer.status, 401);
      assert.match(answer.body, /no Claude API key/);
    }
    fixture.target = undefined;
    fixture.keyMayCome = true;
    const answer = await answerTo('GET /v1/models HTTP/1.1', '$HOST', key, close, '', '');
    assert.equal(answer.status, 503, 'a command that has failed may print one yet');
    assert.match(answer.head, /^retry-after: 5$/im);
    assert.match(answer.body, /apiKeyCommand/);
    fixture.keyMayCome = false;
    fixture.target = target;
    assert.equal(reached, 0);
  });

  it('and listens on 127.0.0.1 only', async () => {
    // On other systems there is nothing at 127.0.0.2, and an attempt takes minutes.
    for (const other of ['::1', ...(process.platform === 'linux' ? ['127.0.0.2'] : [])]) {
      const socket = connect(fixture.gateway.port, other);
      await assert.rejects(once(socket, 'connect'), Error, other);
    }
  });
});
