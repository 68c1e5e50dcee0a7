import assert from 'node:assert/strict';
import { settings as ids } from '../../../src/contributions.ts';
import { readSettings } from '../../../src/vscode/settings.ts';

describe('settings', () => {
  it('has defaults for everything', () => {
    const { settings, problems } = readSettings(() => undefined);
    assert.deepEqual(problems, []);
    assert.deepEqual(settings, {
      plan: 'auto',
      subscriptionMode: 'observed',
      maxSubscription: { dailyTokens: 10_000, concurrentAgents: 5 },
      apiKey: { requestsPerMinute: 60, tokensPerMinute: 100_000, concurrentAgents: 8 },
      apiKeyCommand: { line: '', refreshMs: 5 * 60_000 },
      inactivityMs: 30 * 60_000,
      longestWaitMs: 3 * 60_000,
      warnAtPercent: 80,
      wrapClaude: true,
      sharedLedger: undefined,
      statusBarFormat: '${used} · ${running}/${slots} agents ${waiting}',
      notifyAtPercent: [75, 90, 100],
      earlyWarnings: true,
      dailyTokens: 'fallback',
      agents: [],
      reporting: { transcripts: true, prices: [], prometheus: false, otlp: undefined },
      network: { noProxy: [], strictSsl: true, usesProxies: true },
    });
  });

  it('shares the quota only where the user says so, and says what happens meanwhile', () => {
    const read = (values: Readonly<Record<string, unknown>>): unknown =>
      readSettings((id) => values[id]).settings.sharedLedger;
    assert.equal(read({ [ids.ledgerHideNames]: true, [ids.ledgerAddressCommand]: 'pass ledger' }), undefined);
    assert.deepEqual(read({ [ids.ledger]: 'postgres' }), {
      whenAway: { kind: 'safe-share', forMs: 600_000 },
      hideNames: false,
      addressCommand: '',
    });
    const chosen = {
      [ids.ledger]: 'postgres',
      [ids.ledgerWhenAway]: 'wait',
      [ids.ledgerHideNames]: true,
      [ids.ledgerAddressCommand]: ' pass ledger ',
    };
    assert.deepEqual(read(chosen), { whenAway: { kind: 'wait' }, hideNames: true, addressCommand: 'pass ledger' });
    const bad = readSettings((id) => (id === ids.ledgerAddressCommand ? ['postgres://a:secret@b/c'] : undefined));
    assert.ok(bad.problems.length === 1 && !JSON.stringify(bad.problems).includes('secret'));
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

  it('shows nothing of a bad command for keys, which may hold one', () => {
    const { settings, problems } = readSettings((id) => (id === ids.apiKeyCommand ? ['echo', 'sk-ant-x'] : undefined));
    assert.equal(settings.apiKeyCommand.line, '');
    assert.match(problems[0]?.message ?? '', /apiKeyCommand is not what it should be/);
    assert.ok(!JSON.stringify(problems).includes('sk-ant'));
    const blank = readSettings((id) => (id === ids.apiKeyCommand ? '  ' : undefined));
    assert.deepEqual([blank.settings.apiKeyCommand.line, blank.problems], ['', []]);
  });

  it('takes what the user says that models cost, and says what is wrong with it', () => {
    const value = { 'claude-x*': { input: 1, output: 2.5 }, 'claude-y': { input: -1, output: 2 }, z: { input: 1 } };
    const { settings, problems } = readSettings((id) => (id === ids.prices ? value : undefined));
    assert.deepEqual(settings.reporting.prices, [{ pattern: 'claude-x*', input: 1, output: 2.5 }]);
    assert.equal(problems.length, 2);
    assert.match(problems[0]?.message ?? '', /agentQuota\.prices has .* for "claude-y", so this entry is left out/);
    assert.equal(readSettings((id) => (id === ids.prices ? 7 : undefined)).problems.length, 1);
  });

  it('takes where metrics are pushed to, and shows nothing of a bad one, which may hold a secret', () => {
    const values = new Map<string, unknown>([
      [ids.metricsOtlpEndpoint, 'https://collector.example/otlp'],
      [ids.metricsOtlpHeaders, { authorization: 'Bearer very-secret' }],
    ]);
    const given = readSettings((id) => values.get(id));
    assert.deepEqual(given.settings.reporting.otlp, {
      endpoint: 'https://collector.example/otlp',
      headers: { authorization: 'Bearer very-secret' },
    });
    for (const [id, bad] of [
      [ids.metricsOtlpEndpoint, 'ftp://very-secret'],
      [ids.metricsOtlpEndpoint, 'very-secret'],
      [ids.metricsOtlpHeaders, { 'bad name': 'very-secret' }],
      [ids.metricsOtlpHeaders, { name: 'very-secret\r\nother: x' }],
      [ids.metricsOtlpHeaders, { name: 7 }],
    ] as const) {
      const { settings, problems } = readSettings((asked) => (asked === id ? bad : undefined));
      assert.equal(settings.reporting.otlp, undefined);
      assert.equal(problems.length, 1, JSON.stringify(bad));
      assert.ok(!JSON.stringify(problems).includes('very-secret'));
    }
  });

  const agents = (value: unknown): ReturnType<typeof readSettings> =>
    readSettings((id) => (id === ids.agents ? value : undefined));

  it('takes the limits of single agents in their order', () => {
    const value = { 'batch-*': { tokensPerMinute: 20_000, weight: 0.5 }, '*': {} };
    const { settings, problems } = agents(value);
    assert.deepEqual(problems, []);
    assert.deepEqual(settings.agents, [
      { pattern: 'batch-*', limits: { tokensPerMinute: 20_000, weight: 0.5 } },
      { pattern: '*', limits: {} },
    ]);
  });

  it('leaves out a bad entry alone, and says what to give', () => {
    const bad: readonly (readonly [entry: unknown, message: RegExp, nextStep: RegExp])[] = [
      [{ tokensPerDay: 'many' }, /has tokensPerDay "many" for "b"/, /whole number of at least 1 for tokensPerDay/],
      [{ weight: 0 }, /has weight 0 for "b"/, /a weight from 0\.01 to 100/],
      [{ tokens: 5 }, /has tokens 5 for "b"/, /only requestsPerMinute, tokensPerMinute/],
      [5, /has 5 for "b"/, /an object, as in \{ "batch-\*"/],
    ];
    for (const [entry, message, nextStep] of bad) {
      const { settings, problems } = agents({ a: { weight: 2 }, b: entry, c: { weight: 3 } });
      assert.deepEqual(
        settings.agents.map(({ pattern }) => pattern),
        ['a', 'c'],
      );
      assert.equal(problems.length, 1);
      assert.match(problems[0]?.message ?? '', message);
      assert.match(problems[0]?.nextStep ?? '', nextStep);
    }
    const { settings, problems } = agents({ '': { weight: 2 }, ['x'.repeat(65)]: {} });
    assert.deepEqual(settings.agents, []);
    assert.equal(problems.length, 2);
  });

  it('limits no single agent when the setting is no object, and says so', () => {
    for (const value of ['batch', 5, null, [{}]]) {
      const { settings, problems } = agents(value);
      assert.deepEqual(settings.agents, []);
      assert.match(problems[0]?.message ?? '', /agentQuota\.agents is .*no single agent is limited/);
      assert.match(problems[0]?.nextStep ?? '', /Give an object such as/);
    }
  });
});
