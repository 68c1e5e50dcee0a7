import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, Socket } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Problem } from '../../../src/core/credentials.ts';
import { directNetwork, type UpstreamNetwork } from '../../../src/core/upstreamNetwork.ts';
import { singleCall } from '../../../src/gateway/singleCall.ts';
import {
  createUpstreamConnections,
  type UpstreamConnections,
  type UpstreamConnectionsOptions,
} from '../../../src/gateway/upstreamConnections.ts';
import { describeUpstreamFailure } from '../../../src/gateway/upstreamFailure.ts';
import { type ConnectProxy, type ConnectProxyOptions, startConnectProxy } from '../../fakes/connectProxy.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { liveToken } from './fakeAdmission.ts';
import { startFixture, startServer, systemClock } from './gatewayFixture.ts';
import { readUntilCut } from './readUntilCut.ts';
import { testCa, testCertificate, testServerKey } from '../../fakes/testCertificates.ts';

/** Only the proxies of these tests know this name: what reaches it has come through one of them. */
const address = { origin: 'https://api.test', loopback: false };
const call = { origin: address.origin, path: '/v1/models', method: 'GET', headers: { 'x-one': '1' } } as const;
const login = `Basic ${btoa('me:secret')}`;
const serverTls = { key: testServerKey, cert: testCertificate };

describe('createUpstreamConnections', () => {
  let answer: RequestListener;
  const upstream = createTlsServer(serverTls, (request, response) => {
    answer(request, response);
  });
  let network: UpstreamNetwork;
  let connections: UpstreamConnections;
  const proxies: ConnectProxy[] = [];

  before(async () => {
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
  });
  beforeEach(() => {
    answer = (request, response) => response.end(JSON.stringify(request.rawHeaders));
    network = directNetwork;
    use({ certificates: [testCa] });
  });
  afterEach(async () => {
    await connections.destroy();
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });
  after(() => {
    upstream.closeAllConnections();
    upstream.close();
  });

  const portOf = (): number => (upstream.address() as AddressInfo).port;
  const use = (options: UpstreamConnectionsOptions): void => {
    connections = createUpstreamConnections(() => network, options);
  };
  async function proxy(options: Partial<ConnectProxyOptions> = {}): Promise<ConnectProxy> {
    const started = await startConnectProxy({ upstreamPort: portOf(), ...options });
    proxies.push(started);
    return started;
  }
  const through = (port: number, authorization?: string, scheme = 'http'): UpstreamNetwork => ({
    ...directNetwork,
    // A TLS server name cannot be an address.
    proxy: {
      url: `${scheme}://${scheme === 'https' ? 'localhost' : '127.0.0.1'}:${port}`,
      ...(authorization !== undefined && { authorization }),
    },
  });
  const ask = () => singleCall(connections.dispatcherFor(address), call, 3000);
  async function problem(): Promise<Problem> {
    const error: unknown = await ask().then(
      () => assert.fail('It was answered.'),
      (cause: unknown) => cause,
    );
    return describeUpstreamFailure(error, 'api.test').problem;
  }

  for (const [scheme, tls] of [
    ['http', undefined],
    ['https', serverTls],
  ] as const) {
    it(`goes through an authenticating ${scheme} proxy to an upstream of a private CA`, async () => {
      const asked = await proxy({ login: 'me:secret', ...(tls !== undefined && { tls }) });
      network = through(asked.port, login, scheme);
      const { status, body } = await ask();
      assert.equal(status, 200);
      assert.deepEqual(asked.asked, ['api.test:443']);
      assert.ok(body.includes('x-one') && !/proxy|secret/i.test(body), 'the upstream hears nothing of the proxy');
    });
  }

  it('says whose fault it is when the proxy makes no tunnel', async () => {
    const stranger = await proxy({ login: 'me:secret' });
    network = through(stranger.port);
    const wantsLogin = await problem();
    assert.equal(wantsLogin.code, 'proxy-wants-login');
    assert.match(wantsLogin.message, new RegExp(`^The proxy 127.0.0.1:${stranger.port} wants a user name`));
    assert.match(wantsLogin.nextStep, /http\.proxyAuthorization/);
    network = through(stranger.port, `Basic ${Buffer.from('me:wrong-password').toString('base64')}`);
    const wrongLogin = await problem();
    assert.equal(wrongLogin.code, 'proxy-wants-login');
    assert.doesNotMatch(JSON.stringify(wrongLogin), /wrong-password|Basic/);
    network = through((await proxy({ refusesWith: 403 })).port);
    const refused = await problem();
    assert.equal(refused.code, 'proxy-refused');
    assert.match(refused.message, /did not let the connection to api\.test through \(403\)/);
    const gone = await proxy();
    await gone.close();
    proxies.pop();
    network = through(gone.port);
    const down = await problem();
    assert.equal(down.code, 'proxy-connection-refused');
    assert.match(down.message, new RegExp(`^The proxy 127.0.0.1:${gone.port} refuses connections`));
    use({ patience: { connectMs: 300 } });
    network = through((await proxy({ refusesWith: 0 })).port);
    assert.equal((await problem()).code, 'proxy-answer-timeout');
    await connections.destroy();
    use({});
    network = through((await proxy({ tls: serverTls })).port, undefined, 'https');
    assert.equal((await problem()).code, 'proxy-certificate-untrusted');
  });

  it('checks the certificate of the upstream, unless it is not to', async () => {
    use({});
    const { port } = await proxy();
    network = through(port);
    assert.equal((await problem()).code, 'certificate-untrusted');
    network = { ...network, verifiesCertificates: false };
    assert.equal((await ask()).status, 200);
    network = { ...network, verifiesCertificates: true };
    assert.equal((await problem()).code, 'certificate-untrusted');
    const local = { origin: `https://127.0.0.1:${portOf()}`, loopback: true };
    const askLocal = () => singleCall(connections.dispatcherFor(local), { ...call, origin: local.origin }, 3000);
    await assert.rejects(askLocal());
    network = { ...network, verifiesCertificates: false };
    assert.equal((await askLocal()).status, 200);
  });

  it('checks the certificate of an https proxy, unless it is not to', async () => {
    use({});
    network = through((await proxy({ tls: serverTls })).port, undefined, 'https');
    assert.equal((await problem()).code, 'proxy-certificate-untrusted');
    network = { ...network, verifiesCertificates: false };
    assert.equal((await ask()).status, 200);
  });

  it('trusts the certificates of the system’s store', async function () {
    // There the store is the keychain or the registry, which no environment replaces.
    if (process.platform === 'darwin' || process.platform === 'win32') this.skip();
    const directory = temporaryDirectory();
    const store = path.join(directory.path, 'store.pem');
    writeFileSync(store, testCa);
    const program = path.join(import.meta.dirname, 'callWithSystemTrust.ts');
    const callWith = async (env: NodeJS.ProcessEnv): Promise<string> => {
      const given = { env: { ...process.env, NODE_OPTIONS: '', ...env } };
      const args = [program, `https://127.0.0.1:${portOf()}`];
      return (await promisify(execFile)(process.execPath, args, given)).stdout;
    };
    assert.equal(await callWith({}), 'certificate-untrusted');
    // Where OpenSSL looks for the system's store.
    assert.equal(await callWith({ SSL_CERT_FILE: store }), '200');
    directory.remove();
  });

  it('goes past the proxy where the list or the loopback says so', async () => {
    const plain = await startServer((_request, response) => response.end('{}'));
    const asked = await proxy();
    for (const noProxy of [['.test'], ['x', 'api.test'], ['api.test:443'], ['*']]) {
      network = { ...through(asked.port), noProxy };
      await assert.rejects(ask(), /ENOTFOUND|EAI_AGAIN/);
      const local = { origin: plain.url, loopback: true };
      const answered = await singleCall(connections.dispatcherFor(local), { ...call, origin: plain.url }, 3000);
      assert.equal(answered.status, 200);
    }
    assert.deepEqual(asked.asked, []);
    network = { ...through(asked.port), noProxy: ['api.test:8443', 'other.test'] };
    await ask();
    assert.deepEqual(asked.asked, ['api.test:443']);
    await plain.close();
  });

  it('uses another proxy from the next request on, and lets those under way finish where they are', async () => {
    const [first, second] = [await proxy(), await proxy({ login: 'me:secret' })];
    network = through(first.port);
    const finish = Promise.withResolvers<undefined>();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: ping\ndata: {}\n\n');
      void finish.promise.then(() => response.end('event: last\ndata: {}\n\n'));
    };
    const fixture = await startFixture(address.origin, systemClock, connections);
    const get = () => fetch(`${fixture.gateway.url}/v1/models`, { headers: { 'x-api-key': liveToken } });
    const stream = await get();
    answer = (_request, response) => response.end('{}');
    network = through(second.port, login);
    assert.equal((await get()).status, 200);
    assert.deepEqual([first.asked.length, second.asked.length, first.open], [1, 1, 1]);
    finish.resolve(undefined);
    assert.match(await stream.text(), /event: last/);
    while (first.open > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    network = directNetwork;
    assert.equal((await get()).status, 502, 'without a proxy the name is not known');
    assert.deepEqual([first.asked.length, second.asked.length], [1, 1]);
    await fixture.close();
  });

  it('has TCP keep-alive look for peers that have vanished after 15 s, on every way', async () => {
    const own = Object.getOwnPropertyDescriptor(Socket.prototype, 'setKeepAlive');
    const setKeepAlive = own?.value as (this: Socket, ...how: unknown[]) => Socket;
    const asked: unknown[][] = [];
    Socket.prototype.setKeepAlive = function (...how) {
      asked.push(how);
      return setKeepAlive.call(this, ...how);
    };
    const plain = await startServer((_request, response) => response.end('{}'));
    try {
      for (const origin of [plain.url, `https://127.0.0.1:${portOf()}`]) {
        await singleCall(connections.dispatcherFor({ origin, loopback: true }), { ...call, origin }, 30_000);
      }
      network = through((await proxy()).port);
      await ask();
    } finally {
      Object.defineProperty(Socket.prototype, 'setKeepAlive', own ?? {});
    }
    // Through the proxy: the connection to it, and what is in the tunnel.
    assert.deepEqual(asked, Array<unknown[]>(4).fill([true, 15_000]));
    await plain.close();
  });

  it('ends also what finishes where it was', async () => {
    const first = await proxy();
    network = through(first.port);
    answer = () => undefined;
    const hanging = assert.rejects(ask());
    while (first.open === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    network = directNetwork;
    connections.dispatcherFor(address);
    await connections.destroy();
    await hanging;
  });

  for (const [when, code, answered, patience] of [
    ['before an answer', 'answer-timeout', 504, { answerMs: 300 }],
    ['in the middle of one', 'answer-stalled', 'an error event', { silenceMs: 300 }],
  ] as const) {
    it(`gives up what vanishes without a word ${when}`, async () => {
      use({ certificates: [testCa], patience });
      const line = await proxy();
      network = through(line.port);
      const fixture = await startFixture(address.origin, systemClock, connections);
      answer = (_request, response) => {
        if (code === 'answer-stalled') {
          response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: ping\ndata: {}\n\n');
        } else {
          line.freeze();
        }
      };
      const response = await fetch(`${fixture.gateway.url}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': liveToken },
        body: '{}',
      });
      line.freeze();
      const text = await (code === 'answer-stalled' ? readUntilCut(response) : response.text());
      assert.match(text, /api\.test .*neither your agent nor your quota/);
      assert.equal(/^event: error$/m.test(text) ? 'an error event' : response.status, answered);
      const told = fixture.health.at(-1);
      assert.equal(told?.kind === 'troubled' && told.problem.code, code);
      await fixture.close();
    });
  }

  it('leaves the process its own fetch', () => {
    // Not the whole gateway: node:http itself sets Node's own dispatcher when it is imported.
    const module = new URL('../../../src/gateway/upstreamConnections.ts', import.meta.url);
    const program = `await import(${JSON.stringify(module)}); console.log(globalThis[Symbol.for('undici.globalDispatcher.1')]);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    assert.equal(stdout.trim(), 'undefined');
  });
});
