import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { singleCall } from '../../../src/gateway/singleCall.ts';
import { createUpstreamConnections } from '../../../src/gateway/upstreamConnections.ts';
import { describeUpstreamFailure } from '../../../src/gateway/upstreamFailure.ts';
import { startServer } from './gatewayFixture.ts';
import { testCa, testCertificate, testServerKey } from './testCertificates.ts';

const portOf = (server: { address(): string | AddressInfo | null }): number => (server.address() as AddressInfo).port;

describe('createUpstreamConnections', () => {
  const upstream = createTlsServer({ key: testServerKey, cert: testCertificate }, (request, response) => {
    response.end(JSON.stringify(request.rawHeaders));
  });
  const asked: string[] = [];
  /** Wants a password, and leads every name to the upstream above. */
  const proxy = createServer().on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    if (request.headers['proxy-authorization'] !== `Basic ${btoa('me:secret')}`) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const onward = connect(portOf(upstream), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => undefined);
  });

  before(async () => {
    upstream.listen(0, '127.0.0.1');
    proxy.listen(0, '127.0.0.1');
    await Promise.all([once(upstream, 'listening'), once(proxy, 'listening')]);
  });
  beforeEach(() => {
    asked.length = 0;
  });
  after(() => {
    upstream.closeAllConnections();
    upstream.close();
    proxy.close();
  });

  const address = { origin: 'https://api.test', loopback: false };
  const call = { origin: address.origin, path: '/v1/models', method: 'GET', headers: { 'x-one': '1' } } as const;

  it('goes through an authenticating proxy to an upstream of a private CA', async () => {
    const environment = { HTTPS_PROXY: `http://me:secret@127.0.0.1:${portOf(proxy)}` };
    const connections = createUpstreamConnections({ environment, certificates: [testCa] });
    const answer = await singleCall(connections.dispatcherFor(address), call, 3000);
    assert.equal(answer.status, 200);
    assert.deepEqual(asked, ['api.test:443']);
    assert.ok(answer.body.includes('x-one') && !/proxy|secret/i.test(answer.body));
    await connections.destroy();
  });

  it('says that the proxy refused', async () => {
    const connections = createUpstreamConnections({ environment: { https_proxy: `127.0.0.1:${portOf(proxy)}` } });
    await assert.rejects(singleCall(connections.dispatcherFor(address), call, 3000), (error) => {
      assert.equal(describeUpstreamFailure(error, 'api.test').problem.code, 'proxy-refused');
      return true;
    });
    await connections.destroy();
  });

  it('goes past the proxy where NO_PROXY or the loopback says so, and without a usable one', async () => {
    const plain = await startServer((_request, response) => response.end('{}'));
    const HTTPS_PROXY = `http://me:secret@127.0.0.1:${portOf(proxy)}`;
    for (const environment of [
      { HTTPS_PROXY, NO_PROXY: '.test' },
      { HTTPS_PROXY, no_proxy: 'x, *' },
      { HTTPS_PROXY: 'http://[' },
    ]) {
      const connections = createUpstreamConnections({ environment });
      await assert.rejects(singleCall(connections.dispatcherFor(address), call, 3000), /ENOTFOUND|EAI_AGAIN/);
      const local = { origin: plain.url, loopback: true };
      assert.equal(
        (await singleCall(connections.dispatcherFor(local), { ...call, origin: plain.url }, 3000)).status,
        200,
      );
      await connections.destroy();
    }
    assert.deepEqual(asked, []);
    await plain.close();
  });

  it('leaves the process its own fetch', () => {
    // Not the whole gateway: node:http itself sets Node's own dispatcher when it is imported.
    const module = new URL('../../../src/gateway/upstreamConnections.ts', import.meta.url);
    const program = `await import(${JSON.stringify(module)}); console.log(globalThis[Symbol.for('undici.globalDispatcher.1')]);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    assert.equal(stdout.trim(), 'undefined');
  });
});
