import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { type ConnectProxy, startConnectProxy } from '../fakes/connectProxy.ts';
import { selfSignedCertificate } from '../fakes/testCertificates.ts';
import { upstreamName } from '../host/extensionCopy.ts';
import { agentQuota, ask, clearWindow, set, shownNotifications, until, withEnvironment } from './quotaWindow.ts';
import { problemCodes, startTlsUpstream, type TlsUpstream, withoutProxies, withUpstream } from './tlsUpstream.ts';

describe('VS Code’s network settings', function () {
  this.timeout(60_000);
  /** Where the upstream’s name leads to in the engine, by its port, and where it leads to in the proxies. */
  let near: TlsUpstream;
  let behind: TlsUpstream;
  let first: ConnectProxy;
  let second: ConnectProxy;

  before(async () => {
    await clearWindow();
    near = await startTlsUpstream();
    behind = await startTlsUpstream();
    first = await startConnectProxy({ upstreamPort: behind.port, login: 'me:secret' });
    second = await startConnectProxy({ upstreamPort: behind.port, login: 'other:word' });
  });
  afterEach(async () => {
    for (const name of ['proxy', 'proxyAuthorization', 'proxyStrictSSL', 'noProxy'])
      await set(`http.${name}`, undefined);
  });
  after(async () => {
    await clearWindow();
    await vscode.commands.executeCommand('notifications.clearAll');
    await Promise.all([first.close(), second.close()]);
    for (const upstream of [near, behind]) upstream.close();
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
        return (await problemCodes()).includes('proxy-wants-login');
      });
      await set('http.proxy', `http://other:word@127.0.0.1:${second.port}`);
      await until(
        'the end of the trouble is seen without a request',
        async () => (await api.checkAuthHealth()).healthy,
      );
    });
  });

  it('lead past the proxy to what http.noProxy names, from the next request on and for as long as it does', async () => {
    await set('http.proxy', `http://me:secret@127.0.0.1:${first.port}`);
    await withUpstream(`https://${upstreamName}:${near.port}`, async (url, token) => {
      const { requests } = behind;
      await until('a request goes through the proxy', async () => {
        await ask(url, token);
        return behind.requests > requests;
      });
      const goesOnlyTo = async (upstream: TlsUpstream, other: TlsUpstream): Promise<void> => {
        const before = upstream.requests;
        await until('a request goes the other way', async () => {
          assert.equal(await ask(url, token), 200);
          return upstream.requests > before;
        });
        const [here, there, tunnels] = [upstream.requests, other.requests, first.asked.length];
        assert.equal(await ask(url, token), 200);
        assert.equal(upstream.requests, here + 1);
        assert.equal(other.requests, there);
        if (upstream === near) assert.equal(first.asked.length, tunnels, 'the proxy hears nothing of it');
      };
      await goesOnlyTo(behind, near);
      await set('http.noProxy', [upstreamName]);
      await goesOnlyTo(near, behind);
      await set('http.noProxy', undefined);
      await goesOnlyTo(behind, near);
    });
  });

  it('let a certificate that nobody trusts through only while http.proxyStrictSSL is off', async () => {
    const untrusted = await startTlsUpstream(selfSignedCertificate);
    const proxy = await startConnectProxy({ upstreamPort: untrusted.port });
    const isRefused = async (url: string, token: string): Promise<boolean> =>
      (await ask(url, token)) === 502 && (await problemCodes()).includes('certificate-untrusted');
    try {
      for (const way of ['', `http://127.0.0.1:${proxy.port}`]) {
        await set('http.proxy', way);
        await withUpstream(`https://${upstreamName}:${untrusted.port}`, async (url, token) => {
          await until('it is refused', () => isRefused(url, token));
          const { requests } = untrusted;
          await set('http.proxyStrictSSL', false);
          await until('it is let through', async () => (await ask(url, token)) === 200);
          assert.ok(untrusted.requests > requests);
          await set('http.proxyStrictSSL', true);
          await until('it is refused again', () => isRefused(url, token));
          const { requests: refused } = untrusted;
          assert.notEqual(await ask(url, token), 200);
          assert.equal(untrusted.requests, refused, 'and nothing more is sent there');
        });
      }
      assert.ok(proxy.asked.length > 0, 'one of the ways led through the proxy');
    } finally {
      await proxy.close();
      untrusted.close();
    }
  });

  it('are warned of where they take away safety, and told where they are bad', async () => {
    await set('http.proxyStrictSSL', false);
    await until('the warning', async () => (await problemCodes()).includes('certificates-unverified'));
    await set('http.proxyStrictSSL', undefined);
    await until('its end', async () => !(await problemCodes()).includes('certificates-unverified'));
    await set('http.proxy', 'socks5://me:secret@127.0.0.1:1');
    const said = await until('the notification', async () => {
      const text = await shownNotifications();
      return text.includes('http.proxy is not what it should be') ? text : undefined;
    });
    assert.match(said, /SOCKS cannot be used/);
    assert.ok(!said.includes('secret'));
  });
});
