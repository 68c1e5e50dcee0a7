import assert from 'node:assert/strict';
import { type NetworkSettings, readProxyAddress, resolveNetwork } from '../../../src/core/upstreamNetwork.ts';

const unset: NetworkSettings = { noProxy: [], strictSsl: true, usesProxies: true };
const settingProxy = { url: 'http://setting.test:3128' };

describe('how the upstream is reached', () => {
  it('is directly, where nothing says otherwise', () => {
    const expected = { network: { noProxy: [], verifiesCertificates: true }, problems: [] };
    assert.deepEqual(resolveNetwork(unset, {}), expected);
    assert.deepEqual(resolveNetwork(unset, { NO_PROXY: 'a', HTTPS_PROXY: ' ', https_proxy: '' }), expected);
  });

  it('is through the proxy of the setting, before those of the environment in their order', () => {
    const environment: Record<string, string> = {
      HTTP_PROXY: 'http://d:1',
      http_proxy: 'http://c:1',
      HTTPS_PROXY: 'http://b:1',
      https_proxy: 'a:1',
    };
    const url = (settings = unset): string | undefined => resolveNetwork(settings, environment).network.proxy?.url;
    assert.equal(url({ ...unset, proxy: settingProxy }), settingProxy.url);
    const found: (string | undefined)[] = [];
    for (const name of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY']) {
      found.push(url());
      environment[name] = '';
    }
    assert.deepEqual(found, ['http://a:1', 'http://b:1', 'http://c:1', 'http://d:1']);
    assert.equal(url(), undefined);
  });

  it('takes the list of the setting, or else that of the environment', () => {
    const listed = (noProxy: string[], environment = {}): readonly string[] =>
      resolveNetwork({ ...unset, noProxy, proxy: settingProxy }, environment).network.noProxy;
    assert.deepEqual(listed(['a.test'], { NO_PROXY: 'b.test' }), ['a.test']);
    assert.deepEqual(listed([], { NO_PROXY: 'b.test, c.test d.test:443' }), ['b.test', 'c.test', 'd.test:443']);
    assert.deepEqual(listed([], { no_proxy: 'x', NO_PROXY: 'y' }), ['x']);
    assert.deepEqual(listed(['a.test', '*']), ['*']);
  });

  it('is without any proxy when proxies are off', () => {
    const { network } = resolveNetwork({ ...unset, usesProxies: false, proxy: settingProxy }, { HTTPS_PROXY: 'x:1' });
    assert.equal(network.proxy, undefined);
  });

  it('gives the proxy the authorization of the setting before that of its address', () => {
    const proxy = readProxyAddress('http://me:se%40cret@proxy.test:3128');
    assert.deepEqual(proxy, { url: 'http://proxy.test:3128', authorization: `Basic ${btoa('me:se@cret')}` });
    const authorization = 'Bearer token';
    const settings = { ...unset, proxy, authorization };
    assert.deepEqual(resolveNetwork(settings, {}).network.proxy, { url: 'http://proxy.test:3128', authorization });
    const ofEnvironment = resolveNetwork({ ...unset, authorization }, { HTTPS_PROXY: 'proxy.test:1' }).network;
    assert.deepEqual(ofEnvironment.proxy, { url: 'http://proxy.test:1', authorization });
  });

  it('warns while certificates are not checked', () => {
    const { network, problems } = resolveNetwork({ ...unset, strictSsl: false }, {});
    assert.equal(network.verifiesCertificates, false);
    assert.deepEqual(
      problems.map(({ code, severity }) => [code, severity]),
      [['certificates-unverified', 'warning']],
    );
    assert.match(problems[0]?.message ?? '', /http\.proxyStrictSSL is off/);
  });

  it('says which variable has no proxy that can be used, and not what is in it', () => {
    for (const value of ['socks5://me:secret@h:1', 'http://[', 'http://me:secret@h:port', 'http://h/path']) {
      const { network, problems } = resolveNetwork(unset, { HTTPS_PROXY: value });
      assert.equal(network.proxy, undefined);
      assert.deepEqual([problems.length, problems[0]?.code], [1, 'bad-proxy-variable']);
      assert.match(problems[0]?.message ?? '', /^HTTPS_PROXY is not/);
      assert.ok(!JSON.stringify(problems).includes('secret'));
    }
  });

  it('reads addresses as they are written', () => {
    assert.deepEqual(readProxyAddress('HTTPS://Proxy.Test'), { url: 'https://proxy.test' });
    assert.deepEqual(readProxyAddress('http://[::1]:3128/'), { url: 'http://[::1]:3128' });
    assert.equal(readProxyAddress('http://me@h:1')?.authorization, `Basic ${btoa('me:')}`);
    assert.equal(readProxyAddress('http://100%25:5%@h:1')?.authorization, `Basic ${btoa('100%:5%')}`);
    assert.equal(
      readProxyAddress('http://j%C3%BCrgen:x@h:1')?.authorization,
      `Basic ${Buffer.from('jürgen:x').toString('base64')}`,
    );
    for (const text of ['', 'proxy.test:3128', 'ftp://h:1', 'http://h:1?x', 'http://h:1/#x']) {
      assert.equal(readProxyAddress(text), undefined, text);
    }
  });
});
