import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as vscode from 'vscode';
import { type ConnectProxy, startConnectProxy } from '../fakes/connectProxy.ts';
import { testCertificate, testServerKey } from '../fakes/testCertificates.ts';
import {
  agentQuota,
  ask,
  clearWindow,
  set,
  shownNotifications,
  until,
  upstreamUrl,
  withEnvironment,
} from './quotaWindow.ts';

/** Known to the proxies of these tests alone. The private CA that signed its certificate is in NODE_EXTRA_CA_CERTS. */
const upstreamName = 'api.test';
const withoutProxies = { HTTPS_PROXY: undefined, https_proxy: undefined, HTTP_PROXY: undefined, http_proxy: undefined };

/** The simulated upstream, spoken to over TLS. */
async function startTlsUpstream(): Promise<Server> {
  const server = createServer({ key: testServerKey, cert: testCertificate }, (request, response) => {
    const { method, url = '/', headers } = request;
    const onward = httpRequest(new URL(url, upstreamUrl()), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('VS Code’s network settings', function () {
  this.timeout(60_000);
  let upstream: Server;
  let first: ConnectProxy;
  let second: ConnectProxy;

  before(async () => {
    await clearWindow();
    upstream = await startTlsUpstream();
    const { port: upstreamPort } = upstream.address() as AddressInfo;
    first = await startConnectProxy({ upstreamPort, login: 'me:secret' });
    second = await startConnectProxy({ upstreamPort, login: 'other:word' });
  });
  after(async () => {
    for (const name of ['proxy', 'proxyAuthorization', 'proxyStrictSSL']) await set(`http.${name}`, undefined);
    await clearWindow();
    await vscode.commands.executeCommand('notifications.clearAll');
    await Promise.all([first.close(), second.close()]);
    upstream.closeAllConnections();
    upstream.close();
  });

  it('hold for the engine’s thread, and a change for the next request of a running session', async () => {
    const baseUrl = `https://${upstreamName}`;
    await withEnvironment({ ...withoutProxies, ANTHROPIC_BASE_URL: baseUrl, CLAUDE_BASE_URL: undefined }, async () => {
      const api = await agentQuota();
      await set('http.proxy', `http://me:secret@127.0.0.1:${first.port}`);
      const auth = await until('a session without a warning', async () => {
        const opened = await api.setupClaudeAgentAuth('behind-proxy');
        if (opened.kind === 'authenticated' && opened.warning === undefined) return opened;
        await api.releaseAgentAuth('behind-proxy');
        return undefined;
      });
      const [url, token] = [auth.overlay['ANTHROPIC_BASE_URL'] ?? '', auth.overlay['ANTHROPIC_API_KEY'] ?? ''];
      assert.equal(await ask(url, token), 200);
      assert.ok(first.asked.length > 0 && first.asked.every((host) => host === `${upstreamName}:443`));
      assert.deepEqual((await api.checkAuthHealth()).problems, []);

      await set('http.proxyAuthorization', `Basic ${btoa('other:word')}`);
      await set('http.proxy', `http://127.0.0.1:${second.port}`);
      await until('a request goes through the other proxy', async () => {
        await ask(url, token);
        return second.asked.length > 0;
      });
      const { length } = first.asked;
      assert.equal(await ask(url, token), 200);
      assert.equal(first.asked.length, length);

      await set('http.proxyAuthorization', undefined);
      await until('the proxy’s refusal is on screen', async () => {
        await ask(url, token);
        return (await api.checkAuthHealth()).problems.some(({ code }) => code === 'proxy-wants-login');
      });
      await set('http.proxy', `http://other:word@127.0.0.1:${second.port}`);
      await until(
        'the end of the trouble is seen without a request',
        async () => (await api.checkAuthHealth()).healthy,
      );
    });
  });

  it('are warned of where they take away safety, and told where they are bad', async () => {
    const api = await agentQuota();
    const codes = async (): Promise<string[]> => (await api.checkAuthHealth()).problems.map(({ code }) => code);
    await set('http.proxyStrictSSL', false);
    await until('the warning', async () => (await codes()).includes('certificates-unverified'));
    await set('http.proxyStrictSSL', undefined);
    await until('its end', async () => !(await codes()).includes('certificates-unverified'));
    await set('http.proxy', 'socks5://me:secret@127.0.0.1:1');
    const said = await until('the notification', async () => {
      const text = await shownNotifications();
      return text.includes('http.proxy is not what it should be') ? text : undefined;
    });
    assert.match(said, /SOCKS cannot be used/);
    assert.ok(!said.includes('secret'));
  });
});
