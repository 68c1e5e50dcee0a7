import assert from 'node:assert/strict';
import { detectCredentials } from '../../../src/core/credentials.ts';
import { FakeSecrets } from '../../fakes/fakeSecrets.ts';

const key = 'sk-ant-real';
const login = 'Claude Code’s sign-in';

function codes(environment: Record<string, string | undefined>, seen?: string): string[] {
  return detectCredentials(environment, seen).problems.map(({ code }) => code);
}

describe('credentials', () => {
  it('are an API key under either name, and its default address', () => {
    for (const source of ['ANTHROPIC_API_KEY', 'CLAUDE_API_KEY']) {
      const found = detectCredentials({ [source]: ` ${key}\n` }, undefined);
      const credentials = { kind: 'apiKey', key, baseUrl: 'https://api.anthropic.com', source };
      assert.deepEqual(found, { credentials, problems: [] });
    }
  });

  it('are taken under either name of the address', () => {
    for (const name of ['ANTHROPIC_BASE_URL', 'CLAUDE_BASE_URL']) {
      const { credentials } = detectCredentials(
        { CLAUDE_API_KEY: key, [name]: 'https://proxy.example/claude//' },
        undefined,
      );
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
    const { credentials, problems } = detectCredentials(environment, undefined);
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
    assert.equal(detectCredentials({ CLAUDE_API_KEY: key }, login).credentials.kind, 'apiKey');
    assert.deepEqual(detectCredentials({}, login), {
      credentials: { kind: 'subscription', source: login },
      problems: [],
    });
  });

  it('that are nowhere are an error with a next step', () => {
    const { credentials, problems } = detectCredentials({ CLAUDE_API_KEY: '  ' }, undefined);
    assert.deepEqual(credentials, { kind: 'none' });
    assert.equal(problems[0]?.code, 'no-credentials');
    assert.equal(problems[0].severity, 'error');
    assert.match(problems[0].nextStep, /ANTHROPIC_API_KEY/);
  });

  it('of an agent’s session are not the user’s: a window that was started from an agent terminal has none', () => {
    const token = new FakeSecrets().token();
    for (const name of ['ANTHROPIC_API_KEY', 'CLAUDE_API_KEY']) {
      const { credentials, problems } = detectCredentials(
        { [name]: `${token}\n`, ANTHROPIC_BASE_URL: 'http://127.0.0.1:4567' },
        login,
      );
      assert.deepEqual(credentials, { kind: 'none' });
      assert.deepEqual(
        problems.map(({ code, severity }) => [code, severity]),
        [['inside-agent', 'error']],
      );
      assert.ok(!JSON.stringify(problems).includes(token));
    }
    assert.equal(detectCredentials({ CLAUDE_API_KEY: `${token}x` }, undefined).credentials.kind, 'apiKey');
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
      const { credentials, problems } = detectCredentials({ CLAUDE_API_KEY: key, CLAUDE_BASE_URL: bad }, login);
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
      const { credentials } = detectCredentials({ CLAUDE_API_KEY: key, CLAUDE_BASE_URL: given }, undefined);
      assert.equal(credentials.kind === 'apiKey' && credentials.baseUrl, sent);
    });
  }
});
