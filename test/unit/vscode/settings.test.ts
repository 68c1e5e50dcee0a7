import assert from 'node:assert/strict';
import { settings as ids } from '../../../src/contributions.ts';
import { readSettings } from '../../../src/vscode/settings.ts';

describe('settings', () => {
  it('has defaults for everything', () => {
    const { settings, problems } = readSettings(() => undefined);
    assert.deepEqual(problems, []);
    assert.deepEqual(settings, {
      plan: 'auto',
      maxSubscription: { dailyTokens: 10_000, concurrentAgents: 5 },
      apiKey: { requestsPerMinute: 60, tokensPerMinute: 100_000, concurrentAgents: 8 },
      inactivityMs: 30 * 60_000,
      longestWaitMs: 8 * 60_000,
      warnAtPercent: 80,
    });
  });

  it('takes what the user set', () => {
    const values: Readonly<Record<string, unknown>> = {
      [ids.plan]: 'ApiKey',
      [ids.apiKeyRequestsPerMinute]: 2,
      [ids.inactivityMinutes]: 0.5,
    };
    const { settings, problems } = readSettings((id) => values[id]);
    assert.deepEqual(problems, []);
    assert.equal(settings.plan, 'ApiKey');
    assert.equal(settings.apiKey.requestsPerMinute, 2);
    assert.equal(settings.inactivityMs, 30_000);
  });

  it('says what is wrong with a bad value and uses the default', () => {
    for (const value of ['60', 0, -1, 1.5, NaN, null, {}, [5]]) {
      const { settings, problems } = readSettings((id) => (id === ids.apiKeyRequestsPerMinute ? value : undefined));
      assert.equal(settings.apiKey.requestsPerMinute, 60);
      assert.equal(problems.length, 1);
      assert.match(problems[0]?.message ?? '', /agentQuota\.apiKey\.requestsPerMinute is .* default 60 is used/);
      assert.match(problems[0]?.nextStep ?? '', /a whole number of at least 1/);
    }
  });
});
