import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import {
  createUpstreamConnections,
  type UpstreamConnections,
  type UpstreamConnectionsOptions,
} from '../../../src/gateway/upstreamConnections.ts';
import { type ConnectProxyOptions, startConnectProxy } from '../../fakes/connectProxy.ts';
import {
  expiredCertificate,
  futureCertificate,
  testCa,
  testCertificate,
  testServerKey,
} from '../../fakes/testCertificates.ts';
import { liveToken } from './fakeAdmission.ts';
import { startFixture, systemClock } from './gatewayFixture.ts';

/** What stands in the upstream's place. */
interface Place {
  readonly baseUrl: string;
  readonly connections: UpstreamConnections;
  readonly close: () => unknown;
}

interface Unreachable {
  readonly what: string;
  readonly place: () => Promise<Place>;
  readonly code: string | RegExp;
  readonly status: 502 | 504;
  readonly says: RegExp;
  /** Whether it had been sent, so that it counts as a request. */
  readonly sent?: true;
}

const direct = (options: UpstreamConnectionsOptions = {}): UpstreamConnections =>
  createUpstreamConnections(() => directNetwork, options);

async function portOf(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Whoever takes connections does this with them. */
function server(scheme: 'http' | 'https', take: (socket: Socket) => unknown, connections = direct()) {
  return async (): Promise<Place> => {
    const own = createServer((socket) => take(socket.on('error', () => undefined)));
    return { baseUrl: `${scheme}://127.0.0.1:${await portOf(own)}`, connections, close: () => own.close() };
  };
}

/** An upstream with this certificate. @param certificates those that are trusted. */
function certified(cert: string, certificates: readonly string[]) {
  return async (): Promise<Place> => {
    const own = createTlsServer({ key: testServerKey, cert }, (_request, response) => response.end('{}'));
    const connections = direct({ certificates });
    return { baseUrl: `https://127.0.0.1:${await portOf(own)}`, connections, close: () => own.close() };
  };
}

/** An upstream that only this proxy could lead to. */
function behind(options: Partial<ConnectProxyOptions>, runs = true) {
  return async (): Promise<Place> => {
    const proxy = await startConnectProxy({ upstreamPort: 1, ...options });
    if (!runs) await proxy.close();
    const network = { ...directNetwork, proxy: { url: `http://127.0.0.1:${proxy.port}` } };
    const close = (): unknown => (runs ? proxy.close() : undefined);
    return { baseUrl: 'https://api.test', connections: createUpstreamConnections(() => network), close };
  };
}

const cases: readonly Unreachable[] = [
  {
    what: 'a name that is not known',
    place: () =>
      Promise.resolve({ baseUrl: 'https://agent-quota.invalid', connections: direct(), close: () => undefined }),
    code: /^name-(not-found|lookup-failed)$/,
    status: 502,
    says: /agent-quota\.invalid.*DNS|DNS.*agent-quota\.invalid/,
  },
  {
    what: 'a connection that does not come about in time',
    place: server('https', () => undefined, direct({ patience: { connectMs: 300 } })),
    code: 'connect-timeout',
    status: 504,
    says: /did not accept a connection/,
  },
  {
    what: 'a certificate of an unknown issuer',
    place: certified(testCertificate, []),
    code: 'certificate-untrusted',
    status: 502,
    says: /certificate of 127\.0\.0\.1:\d+ is not signed by anyone .*NODE_EXTRA_CA_CERTS/,
  },
  ...[expiredCertificate, futureCertificate].map((certificate, index): Unreachable => ({
    what: index === 0 ? 'an expired certificate' : 'a certificate of the future',
    place: certified(certificate, [testCa]),
    code: 'certificate-dates',
    status: 502,
    says: /certificate of 127\.0\.0\.1:\d+ is not valid now.*clock/,
  })),
  {
    what: 'what is no TLS',
    place: server('https', (socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
    code: 'tls-failed',
    status: 502,
    says: /No secure connection/,
  },
  {
    what: 'what is no HTTP',
    place: server('http', (socket) => socket.once('data', () => socket.end('SSH-2.0-x\r\n'))),
    code: 'no-usable-answer',
    status: 502,
    says: /gave no usable answer/,
    sent: true,
  },
  {
    what: 'a connection that is lost after the request was sent, which counts',
    place: server('http', (socket) => socket.once('data', () => socket.destroy())),
    code: 'connection-lost',
    status: 502,
    says: /was lost before the answer came/,
    sent: true,
  },
  {
    what: 'a proxy that is down',
    place: behind({}, false),
    code: 'proxy-connection-refused',
    status: 502,
    says: /proxy 127\.0\.0\.1:\d+ refuses connections.*http\.proxy/,
  },
  {
    what: 'a proxy that wants a password',
    place: behind({ login: 'me:secret' }),
    code: 'proxy-wants-login',
    status: 502,
    says: /proxy 127\.0\.0\.1:\d+ wants a user name.*http\.proxy/,
  },
  {
    what: 'a proxy that refuses',
    place: behind({ refusesWith: 403 }),
    code: 'proxy-refused',
    status: 502,
    says: /did not let the connection to api\.test through/,
  },
];

describe('the gateway answers, so that it is asked again, and tells of the trouble, for', () => {
  for (const { what, place, code, status, says, sent } of cases) {
    it(what, async () => {
      const { baseUrl, connections, close } = await place();
      const fixture = await startFixture(baseUrl, systemClock, connections);
      const { url } = fixture.gateway;
      const headers = { 'x-api-key': liveToken };
      const response = await fetch(`${url}/v1/messages`, { method: 'POST', headers, body: '{}' });
      const [told, ...more] = fixture.health;
      assert.ok(told?.kind === 'troubled' && more.length === 0, JSON.stringify(fixture.health));
      const { problem } = told;
      assert.match(problem.code, typeof code === 'string' ? new RegExp(`^${code}$`) : code);
      assert.deepEqual([problem.severity, problem.transient], ['error', 'unreachable']);

      const message = `${problem.message} This is neither your agent nor your quota. ${problem.nextStep}`;
      assert.match(message, says);
      const requestId = response.headers.get('request-id');
      assert.match(requestId ?? '', /^agent-quota-/);
      assert.deepEqual(await response.json(), {
        type: 'error',
        error: { type: 'api_error', message },
        request_id: requestId,
      });
      assert.deepEqual([response.status, response.headers.get('content-type')], [status, 'application/json']);
      assert.equal(response.headers.get('x-should-retry'), null);

      const unanswered = { usage: undefined, model: undefined, requestId: undefined, status: undefined };
      assert.deepEqual(await fixture.admission.reservations[0]?.ended, sent === true ? unanswered : 'released');
      await fixture.close();
      await close();
    });
  }
});
