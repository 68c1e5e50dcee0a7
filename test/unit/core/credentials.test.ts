import assert from 'node:assert/strict';
import { detectCredentials, upstreamTargetOf } from '../../../src/core/credentials.ts';
import { keySources } from '../../../src/core/keySources.ts';
import { FakeSecrets } from '../../fakes/fakeSecrets.ts';

const key = 'sk-ant-real';
const login = 'Claude Code’s sign-in';

function codes(environment: Record<string, string | undefined>, seen?: string): string[] {
  return detectCredentials({ environment, subscriptionLogin: seen }).problems.map(({ code }) => code);
}

describe('credentials', () => {
  it('are an API key under either name, and its default address', () => {
    for (const source of ['ANTHROPIC_API_KEY', 'CLAUDE_API_KEY']) {
      const found = detectCredentials({ environment: { [source]: ` ${key}\n` } });
      const credentials = { kind: 'apiKey', key, baseUrl: 'https://api.anthropic.com', source };
      assert.deepEqual(found, { credentials, problems: [] });
    }
  });

  it('are taken under either name of the address', () => {
    for (const name of ['ANTHROPIC_BASE_URL', 'CLAUDE_BASE_URL']) {
      const { credentials } = detectCredentials({
        environment: { CLAUDE_API_KEY: key, [name]: 'https://proxy.example/claude//' },
      });
      assert.equal(credentials.kind === 'apiKey' && credentials.baseUrl, 'https://proxy.example/claude');
    }
  });

  it('that agree under both names are no problem', () => {
    const environment = { CLAUDE_API_KEY: key, ANTHROPIC_API_KEY: key, CLAUDE_BASE_URL: '', ANTHROPIC_BASE_URL: ' ' };
    assert.deepEqual(codes(environment), []);
  });

  it('that conflict are reported, without the values', () => {
    const environment = {
      CLAUDE_API_KEY: 'sk-ant-one',
      ANTHROPIC_API_KEY: key,
      CLAUDE_BASE_URL: 'https://one.example',
      ANTHROPIC_BASE_URL: 'https://other.example',
    };
    const { credentials, problems } = detectCredentials({ environment });
    assert.deepEqual(credentials, {
      kind: 'apiKey',
      key,
      baseUrl: 'https://other.example',
      source: 'ANTHROPIC_API_KEY',
    });
    assert.deepEqual(
      problems.map(({ code, severity }) => [code, severity]),
      [
        ['conflicting-variables', 'warning'],
        ['conflicting-variables', 'warning'],
      ],
    );
    const text = JSON.stringify(problems);
    assert.ok(!text.includes('sk-ant') && !text.includes('example'));
    assert.match(text, /ANTHROPIC_API_KEY and CLAUDE_API_KEY differ; ANTHROPIC_API_KEY is used/);
    for (const { nextStep } of problems) assert.ok(nextStep.length > 10);
  });

  it('prefer a key to a subscription login, as Claude Code does', () => {
    assert.equal(
      detectCredentials({ environment: { CLAUDE_API_KEY: key }, subscriptionLogin: login }).credentials.kind,
      'apiKey',
    );
    assert.deepEqual(detectCredentials({ environment: {}, subscriptionLogin: login }), {
      credentials: { kind: 'subscription', source: login, mode: 'observed' },
      problems: [],
    });
  });

  it('come from the window’s own key, then the command, then the environment, then the login', () => {
    const command = { line: 'print-key', key: 'sk-ant-of-a-command', problem: undefined };
    const environment = {
      ANTHROPIC_API_KEY: key,
      CLAUDE_API_KEY: 'another',
      ANTHROPIC_BASE_URL: 'https://one.example',
    };
    const all = { windowKey: 'sk-ant-of-the-window', command, environment, subscriptionLogin: login };
    const baseUrl = 'https://one.example';
    assert.deepEqual(detectCredentials(all), {
      credentials: { kind: 'apiKey', key: 'sk-ant-of-the-window', baseUrl, source: keySources.window },
      problems: [],
    });
    const account = 'command print-key';
    assert.deepEqual(detectCredentials({ ...all, windowKey: undefined }), {
      credentials: { kind: 'apiKey', key: 'sk-ant-of-a-command', baseUrl, source: keySources.command, account },
      problems: [],
    });
    const rest = { environment, subscriptionLogin: login };
    assert.equal(detectCredentials(rest).problems[0]?.code, 'conflicting-variables');
    const { credentials } = detectCredentials(rest);
    assert.equal(credentials.kind === 'apiKey' && credentials.key, key);
  });

  it('of a command that gives none are none, whatever else there is, and its last key holds while it has one', () => {
    const problem = {
      code: 'key-command-failed',
      severity: 'error',
      message: 'It failed.',
      nextStep: 'Run it.',
    } as const;
    const others = { environment: { ANTHROPIC_API_KEY: key }, subscriptionLogin: login };
    const failed = { line: 'print-key', key: undefined, problem };
    assert.deepEqual(detectCredentials({ ...others, command: failed }), {
      credentials: { kind: 'none', mayCome: true },
      problems: [problem],
    });
    const stale = detectCredentials({ ...others, command: { ...failed, key: 'sk-ant-last' } });
    assert.equal(stale.credentials.kind === 'apiKey' && stale.credentials.key, 'sk-ant-last');
    assert.deepEqual(stale.problems, [problem]);
  });

  it('of a login may be routed: to where the user’s agents would send it, and nowhere else', () => {
    const routed = (base?: string) =>
      detectCredentials({
        environment: { ANTHROPIC_BASE_URL: base },
        subscriptionLogin: login,
        subscriptionMode: 'routed',
      });
    const credentials = { kind: 'subscription', source: login, mode: 'routed' } as const;
    assert.deepEqual(routed(), { credentials: { ...credentials, baseUrl: 'https://api.anthropic.com' }, problems: [] });
    const { credentials: found } = routed('https://proxy.example/claude');
    assert.deepEqual(upstreamTargetOf(found), { baseUrl: 'https://proxy.example/claude', key: undefined });
    assert.deepEqual(routed('http://proxy.example').credentials, { kind: 'none' });
    assert.equal(routed('http://proxy.example').problems[0]?.code, 'bad-base-url');
    assert.equal(upstreamTargetOf({ kind: 'subscription', source: login, mode: 'observed' }), undefined);
  });

  it('that are nowhere are an error with a next step', () => {
    const { credentials, problems } = detectCredentials({ environment: { CLAUDE_API_KEY: '  ' } });
    assert.deepEqual(credentials, { kind: 'none' });
    assert.equal(problems[0]?.code, 'no-credentials');
    assert.equal(problems[0].severity, 'error');
    assert.match(problems[0].nextStep, /ANTHROPIC_API_KEY/);
  });

  it('of an agent’s session are not the user’s: a window that was started from an agent terminal has none', () => {
    const token = new FakeSecrets().token();
    for (const name of ['ANTHROPIC_API_KEY', 'CLAUDE_API_KEY']) {
      const { credentials, problems } = detectCredentials({
        environment: { [name]: `${token}\n`, ANTHROPIC_BASE_URL: 'http://127.0.0.1:4567' },
        subscriptionLogin: login,
      });
      assert.deepEqual(credentials, { kind: 'none' });
      assert.deepEqual(
        problems.map(({ code, severity }) => [code, severity]),
        [['inside-agent', 'error']],
      );
      assert.ok(!JSON.stringify(problems).includes(token));
    }
    assert.equal(detectCredentials({ environment: { CLAUDE_API_KEY: `${token}x` } }).credentials.kind, 'apiKey');
  });

  for (const bad of [
    'api.example.com',
    'http://api.example.com',
    'ftp://api.example.com',
    'https://user@api.example.com',
    'https://:secret@api.example.com',
    'https://api.example.com?key=1',
    'https://api.example.com#part',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'javascript:alert(1)',
  ]) {
    it(`are not sent to ${bad}`, () => {
      const { credentials, problems } = detectCredentials({
        environment: { CLAUDE_API_KEY: key, CLAUDE_BASE_URL: bad },
        subscriptionLogin: login,
      });
      assert.deepEqual(credentials, { kind: 'none' });
      assert.deepEqual(
        problems.map(({ code, severity }) => [code, severity]),
        [['bad-base-url', 'error']],
      );
      assert.ok(!JSON.stringify(problems).includes(key));
    });
  }

  for (const [given, sent] of [
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://127.0.0.1:9/v/', 'http://127.0.0.1:9/v'],
    ['http://[::1]:9', 'http://[::1]:9'],
    ['HTTPS://Example.COM', 'https://example.com'],
    ['https://example.com/?', 'https://example.com'],
  ]) {
    it(`are sent to ${given}`, () => {
      const { credentials } = detectCredentials({ environment: { CLAUDE_API_KEY: key, CLAUDE_BASE_URL: given } });
      assert.equal(credentials.kind === 'apiKey' && credentials.baseUrl, sent);
    });
  }
});
