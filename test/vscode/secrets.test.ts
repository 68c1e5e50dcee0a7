import assert from 'node:assert/strict';
import { agentQuota, clearWindow, everythingOnDisk, realKey, until } from './quotaWindow.ts';

describe('secrets', function () {
  this.timeout(30_000);
  after(clearWindow);

  it('die with their session, and the real key is in no file of VS Code’s', async () => {
    const api = await agentQuota();
    const auth = await api.setupClaudeAgentAuth('secretive');
    assert.equal(auth.kind, 'authenticated');
    const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
    assert.ok(url && token);
    const ask = (): Promise<Response> =>
      fetch(`${url}/v1/models`, { headers: { 'x-api-key': token, 'anthropic-version': '2023-06-01' } });
    assert.equal((await ask()).status, 200);
    await api.releaseAgentAuth('secretive');
    const refused = await ask();
    assert.ok(refused.status === 401 || refused.status === 403, String(refused.status));
    assert.equal(refused.headers.get('x-should-retry'), 'false');
    assert.match(await refused.text(), /session has ended/i);

    const files = await until('the ledger and the log are written', () => {
      const found = everythingOnDisk();
      return found.some(({ file }) => file.endsWith('ledger.sqlite')) &&
        found.some(({ file }) => file.endsWith('Agent Quota.log'))
        ? found
        : undefined;
    });
    const holding = (secret: string): string[] =>
      files.filter(({ content }) => content.includes(secret)).map(({ file }) => file);
    assert.deepEqual(holding(realKey()), []);
    assert.deepEqual(holding(token), []);
  });
});
