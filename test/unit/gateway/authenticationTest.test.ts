import assert from 'node:assert/strict';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { RequestListener } from 'node:http';
import type { Dispatcher } from 'undici';
import type { AuthTest } from '../../../src/core/quotaEngine.ts';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import { testAuthentication, testRoute } from '../../../src/gateway/authenticationTest.ts';
import { createUpstreamConnections } from '../../../src/gateway/upstreamConnections.ts';
import { startSimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import { directConnections, realKey, startServer } from './gatewayFixture.ts';
import {
  expiredCertificate,
  futureCertificate,
  testCa,
  testCertificate,
  testServerKey,
} from '../../fakes/testCertificates.ts';

const source = 'ANTHROPIC_API_KEY';
const direct = directConnections();
after(() => direct.destroy());

/** Tests against an endpoint that answers like this. @returns the problem's code, or `works`. */
async function against(listener: RequestListener, key = realKey, timeoutMs = 10_000): Promise<string> {
  const server = await startServer(listener);
  const test = await testAuthentication({ baseUrl: `${server.url}/base`, key, source }, direct, { timeoutMs });
  await server.close();
  assert.ok(!JSON.stringify(test).includes(key));
  return codeOf(test);
}

/** An error as the Messages API words it. */
function apiError(type: string, message: string): string {
  return JSON.stringify({ type: 'error', error: { type, message } });
}

function codeOf(test: AuthTest): string {
  if (test.kind !== 'fails') return test.kind;
  assert.ok(test.problem.message.length > 10 && test.problem.nextStep.length > 10);
  return test.problem.code;
}

describe('testRoute', () => {
  it('finds the way clear by any answer, and sends no credentials', async () => {
    const upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    const login = { baseUrl: upstream.url, source };
    assert.deepEqual(await testRoute(login, direct), { kind: 'subscription', source, mode: 'routed' });
    const [request] = upstream.requests;
    assert.equal(request?.status, 401);
    assert.deepEqual([request.key, request.headers.authorization], ['', undefined]);
    await upstream.close();
    assert.equal(codeOf(await testRoute(login, direct)), 'connection-refused');
    assert.equal(codeOf(await testRoute({ ...login, baseUrl: 'http://api.example' }, direct)), 'bad-base-url');
  });

  it('tells failures of the endpoint’s own', async () => {
    const upstream = await startServer((_request, response) => response.writeHead(529).end());
    assert.equal(codeOf(await testRoute({ baseUrl: upstream.url, source }, direct)), 'upstream-overloaded');
    await upstream.close();
  });
});

describe('testAuthentication', () => {
  it('works with the real call', async () => {
    const upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    const test = await testAuthentication({ baseUrl: upstream.url, key: realKey, source }, direct);
    assert.ok(test.kind === 'works');
    assert.deepEqual([test.endpoint, test.source], [upstream.url, source]);
    assert.equal(upstream.requests[0]?.headers['anthropic-version'], '2023-06-01');
    assert.equal(
      codeOf(await testAuthentication({ baseUrl: upstream.url, key: 'wrong', source }, direct)),
      'key-rejected',
    );
    await upstream.close();
  });

  for (const [status, code] of [
    [401, 'key-rejected'],
    [402, 'billing'],
    [403, 'key-forbidden'],
    [429, 'rate-limited'],
    [500, 'upstream-failing'],
    [529, 'upstream-overloaded'],
    [302, 'wrong-endpoint'],
    [404, 'wrong-endpoint'],
  ] as const) {
    it(`calls ${status} ${code}`, async () => {
      const body = apiError('some_error', 'Some words.');
      assert.equal(await against((_request, response) => response.writeHead(status).end(body)), code);
    });
  }

  it('does not take the refusal of a portal or proxy for one of the key', async () => {
    for (const status of [401, 403]) {
      for (const body of ['', '{}', '<html>Sign in</html>', '{"error":"denied"}', '{"type":"error","error":{}}']) {
        const code = await against((_request, response) => response.writeHead(status).end(body));
        assert.equal(code, 'foreign-refusal', `${status} ${body}`);
      }
    }
  });

  it('asks an endpoint that hides its models to count tokens', async () => {
    const answer =
      (listed: number, counted: number, body: string): RequestListener =>
      (request, response) => {
        request.resume();
        if (request.method === 'GET') response.writeHead(listed).end(apiError('permission_error', 'Not this list.'));
        else response.writeHead(counted).end(body);
      };
    for (const listed of [403, 404, 405]) {
      assert.equal(await against(answer(listed, 200, '{"input_tokens":8}')), 'works');
      assert.equal(await against(answer(listed, 401, apiError('authentication_error', 'Bad key.'))), 'key-rejected');
      assert.equal(await against(answer(listed, 403, apiError('permission_error', 'Not you.'))), 'key-forbidden');
      assert.equal(await against(answer(listed, 403, '<html>')), 'foreign-refusal');
    }
    assert.equal(await against(answer(403, 404, apiError('not_found_error', 'model: x'))), 'works');
    // One that counts no tokens either.
    assert.equal(await against(answer(403, 404, '{}')), 'key-forbidden');
    assert.equal(await against(answer(404, 405, '{}')), 'wrong-endpoint');
  });

  it('asks an endpoint without models to count tokens', async () => {
    const answerCount =
      (status: number, body: string) =>
      (request: Parameters<RequestListener>[0], response: Parameters<RequestListener>[1]) => {
        request.resume();
        const counts = request.method === 'POST' && request.url === '/base/v1/messages/count_tokens';
        response.writeHead(counts ? status : 405).end(body);
      };
    assert.equal(await against(answerCount(200, '{"input_tokens":8}')), 'works');
    assert.equal(await against(answerCount(401, apiError('authentication_error', 'Bad key.'))), 'key-rejected');
    assert.equal(await against(answerCount(404, apiError('not_found_error', 'model: x'))), 'works');
  });

  it('knows an endpoint that is another thing', async () => {
    assert.equal(await against((_request, response) => response.end('<html>')), 'wrong-endpoint');
  });

  it('tells a clock that is wrong', async () => {
    const date = new Date(Date.now() - 3_600_000).toUTCString();
    assert.equal(await against((_request, response) => response.writeHead(401, { date }).end()), 'clock-wrong');
    assert.equal(await against((_request, response) => response.writeHead(200, { date }).end('{}')), 'works');
  });

  it('tells an endpoint that does not answer', async () => {
    assert.equal(await against(() => undefined, realKey, 300), 'answer-timeout');
    // The begin of an answer is none.
    const begun: RequestListener = (_request, response) => response.writeHead(401).write('{"type":');
    assert.equal(await against(begun, realKey, 300), 'answer-timeout');
    // Both calls have one time together.
    const startedAt = performance.now();
    const slow: RequestListener = (request, response) => {
      if (request.method === 'GET') setTimeout(() => response.writeHead(404).end('{}'), 2000);
    };
    assert.equal(await against(slow, realKey, 3000), 'answer-timeout');
    assert.ok(performance.now() - startedAt < 4500);
    assert.equal(await against((request) => request.socket.destroy()), 'connection-lost');
    assert.equal(
      codeOf(await testAuthentication({ baseUrl: 'http://127.0.0.1:1', key: realKey, source }, direct)),
      'connection-refused',
    );
    const unknown = await testAuthentication({ baseUrl: 'https://agent-quota.invalid', key: realKey, source }, direct);
    assert.match(codeOf(unknown), /^name-/);
  });

  it('tells an endpoint that takes no connection', async () => {
    const dispatcher = { dispatch: () => true } as unknown as Dispatcher;
    const connections = { dispatcherFor: () => dispatcher, destroy: () => Promise.resolve() };
    const tested = { baseUrl: 'https://api.test', key: realKey, source };
    assert.equal(codeOf(await testAuthentication(tested, connections, { timeoutMs: 30 })), 'connect-timeout');
  });

  it('never sends a key that is none, nor any key in the open', async () => {
    for (const key of ['a b', 'line\nbreak', 'tab\t', '“quoted”', '']) {
      const test = await testAuthentication({ baseUrl: 'http://127.0.0.1:1', key, source }, direct);
      assert.equal(codeOf(test), 'key-malformed');
    }
    for (const baseUrl of ['http://example.com', 'ftp://127.0.0.1', 'nonsense']) {
      assert.equal(codeOf(await testAuthentication({ baseUrl, key: realKey, source }, direct)), 'bad-base-url');
    }
  });

  for (const [what, cert, certificates, code] of [
    ['a certificate of a trusted issuer', testCertificate, [testCa], 'works'],
    ['a certificate of an unknown issuer', testCertificate, [], 'certificate-untrusted'],
    ['an expired certificate', expiredCertificate, [testCa], 'certificate-dates'],
    ['a certificate of the future', futureCertificate, [testCa], 'certificate-dates'],
  ] as const) {
    it(`tells ${what}`, async () => {
      const server = createTlsServer({ key: testServerKey, cert }, (_request, response) => response.end('{}')).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      const baseUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const connections = createUpstreamConnections(() => directNetwork, { certificates });
      assert.equal(codeOf(await testAuthentication({ baseUrl, key: realKey, source }, connections)), code);
      await connections.destroy();
      server.close();
    });
  }
});
