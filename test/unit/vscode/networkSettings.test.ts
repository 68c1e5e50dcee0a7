import assert from 'node:assert/strict';
import { networkSettingIds as ids } from '../../../src/vscode/networkSettings.ts';
import { readSettings } from '../../../src/vscode/settings.ts';

describe('VS Code’s network settings', () => {
  const read = (values: Readonly<Record<string, unknown>>): ReturnType<typeof readSettings> =>
    readSettings((id) => values[id]);
  const unset = { noProxy: [], strictSsl: true, usesProxies: true };

  it('are taken as they are', () => {
    const { settings, problems } = read({
      [ids.proxy]: ' http://me:secret@proxy.test:3128 ',
      [ids.noProxy]: ['inside.test', ' '],
      [ids.strictSsl]: false,
      [ids.support]: 'off',
      [ids.authorization]: ' Bearer token',
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(settings.network, {
      proxy: { url: 'http://proxy.test:3128', authorization: `Basic ${btoa('me:secret')}` },
      noProxy: ['inside.test'],
      strictSsl: false,
      usesProxies: false,
      authorization: 'Bearer token',
    });
  });

  it('say nothing when they are empty, null or another kind of support', () => {
    for (const support of ['on', 'fallback', 'override', undefined]) {
      const values = { [ids.proxy]: '', [ids.authorization]: null, [ids.support]: support };
      assert.deepEqual(read(values), { settings: { ...read({}).settings, network: unset }, problems: [] });
    }
  });

  it('that are bad count as not set, with what to give instead and nothing that may be a password', () => {
    const bad: readonly (readonly [id: string, value: unknown, nextStep: RegExp])[] = [
      [ids.proxy, 'me:secret@proxy.test:3128', /Give http:\/\/host:port or https:\/\/host:port/],
      [ids.proxy, 'socks5://me:secret@h:1', /SOCKS cannot be used/],
      [ids.proxy, ['secret'], /Give http/],
      [ids.noProxy, 'inside.test', /a list of host names/],
      [ids.noProxy, [5], /a list of host names/],
      [ids.strictSsl, 'false', /true or false/],
      [ids.support, 'sometimes', /"override", "fallback", "on" or "off"/],
      [ids.authorization, 'Basic secret\r\nx: y', /without line breaks/],
    ];
    for (const [id, value, nextStep] of bad) {
      const { settings, problems } = read({ [id]: value });
      assert.deepEqual(settings.network, unset, id);
      assert.deepEqual(
        problems.map(({ code, severity }) => [code, severity]),
        [[`bad-setting:${id}`, 'warning']],
      );
      assert.match(problems[0]?.message ?? '', new RegExp(`^The setting ${id} is .*as if it were not set`));
      assert.match(problems[0]?.nextStep ?? '', nextStep);
      assert.ok(!JSON.stringify(problems).includes('secret'));
    }
  });
});
