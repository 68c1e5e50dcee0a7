import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chooseTelemetry } from '../../../src/launcher/observed/agentTelemetry.ts';
import { readSettingsBeside } from '../../../src/launcher/observed/readSettings.ts';
import { hasOwnTelemetry, telemetryOverlay } from '../../../src/shared/telemetryVariables.ts';

const url = 'http://127.0.0.1:4711/sk-aq-0123456789-agent-quota-session';
const theirs = { OTEL_LOGS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example' };
const overlay = { CLAUDE_SESSION_ID: 's', NO_PROXY: '127.0.0.1', ...telemetryOverlay(url) };
const withoutOurs = { CLAUDE_SESSION_ID: 's', NO_PROXY: '127.0.0.1' };

describe('chooseTelemetry', () => {
  let home: string;
  let cwd: string;
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'aq telemetry '));
    cwd = path.join(home, 'work');
    mkdirSync(path.join(home, '.claude'));
    mkdirSync(path.join(cwd, '.claude'), { recursive: true });
  });
  afterEach(() => {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  const choose = (environment: Readonly<Record<string, string>> = {}, args: readonly string[] = []) =>
    chooseTelemetry(overlay, { environment, platform: process.platform, home, cwd }, args);
  const write = (file: string, env: object): void => {
    writeFileSync(path.join(home, file), JSON.stringify({ env }));
  };

  it('has the agent report where nobody has other plans', () => {
    write(path.join('.claude', 'settings.json'), { FOO: 'bar', OTEL_LOG_USER_PROMPTS: '1' });
    assert.deepEqual(choose({ PATH: '/bin' }), { overlay, by: 'telemetry' });
  });

  it('says nothing of an agent that is not observed', () => {
    assert.deepEqual(chooseTelemetry(withoutOurs, { environment: theirs, platform: 'linux', home, cwd }, []), {
      overlay: withoutOurs,
      by: undefined,
    });
  });

  it('leaves out all of ours where the environment has an exporter', () => {
    assert.deepEqual(choose(theirs), { overlay: withoutOurs, by: 'transcripts' });
  });

  for (const file of [
    path.join('.claude', 'settings.json'),
    path.join('.claude', 'remote-settings.json'),
    path.join('work', '.claude', 'settings.json'),
    path.join('work', '.claude', 'settings.local.json'),
  ]) {
    it(`leaves out all of ours where ${file} has an exporter`, () => {
      write(file, theirs);
      assert.deepEqual(choose(), { overlay: withoutOurs, by: 'transcripts' });
    });
  }

  it('looks where CLAUDE_CONFIG_DIR says', () => {
    const other = path.join(home, 'other');
    mkdirSync(other);
    write(path.join('other', 'settings.json'), theirs);
    assert.equal(choose().by, 'telemetry');
    assert.equal(choose({ CLAUDE_CONFIG_DIR: other }).by, 'transcripts');
  });

  it('looks at --settings, a file or JSON', () => {
    write('mine.json', theirs);
    const json = JSON.stringify({ env: theirs });
    for (const args of [
      ['--settings', path.join(home, 'mine.json')],
      ['--settings', path.join('..', 'mine.json'), '-p'],
      [`--settings=${json}`],
      ['-p', '--settings', json],
    ]) {
      assert.equal(choose({}, args).by, 'transcripts', args.join(' '));
    }
    assert.equal(choose({}, ['--settings', '{}']).by, 'telemetry');
  });

  it('is not put off by settings that cannot be read', () => {
    writeFileSync(path.join(home, '.claude', 'settings.json'), '{');
    assert.equal(choose().by, 'telemetry');
  });
});

describe('hasOwnTelemetry', () => {
  for (const [variables, expected] of [
    [{}, false],
    [{ CLAUDE_CODE_ENABLE_TELEMETRY: '1' }, false],
    [{ CLAUDE_CODE_ENABLE_TELEMETRY: '0' }, true],
    [{ CLAUDE_CODE_ENABLE_TELEMETRY: '' }, true],
    [{ OTEL_METRICS_EXPORTER: 'prometheus' }, true],
    [{ OTEL_TRACES_EXPORTER: 'none' }, true],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'x=y' }, true],
    [{ OTEL_SERVICE_NAME: 'mine', OTEL_LOG_USER_PROMPTS: '1' }, false],
    // What an agent that is observed hands to those that it starts.
    [telemetryOverlay(url), false],
    [{ ...telemetryOverlay(url), OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }, true],
  ] as const) {
    it(`${expected ? 'sees one in' : 'sees none in'} ${JSON.stringify(variables)}`, () => {
      assert.equal(hasOwnTelemetry(variables), expected);
    });
  }
});

describe('readSettingsBeside', () => {
  it('finds what limits hooks in settings that an organisation’s server has sent', () => {
    const home = mkdtempSync(path.join(tmpdir(), 'aq settings '));
    try {
      const file = path.join(home, '.claude', 'remote-settings.json');
      mkdirSync(path.dirname(file));
      const place = { environment: {}, platform: process.platform, home, cwd: home };
      assert.equal(readSettingsBeside(place).obstacle, undefined);
      writeFileSync(file, JSON.stringify({ allowManagedHooksOnly: true }));
      assert.equal(readSettingsBeside(place).obstacle, `allowManagedHooksOnly in ${file}`);
    } finally {
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
