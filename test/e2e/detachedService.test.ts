import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { claudeSettingsFile } from '../../src/outside/claudeSettings.ts';
import { OutsideChanges } from '../../src/outside/outsideChanges.ts';
import { outsideDirectory } from '../../src/outside/undoRecord.ts';
import { keepPanelWrapper, keepServiceWrapper } from '../../src/shims/outsideWrappers.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { claudeBinary } from '../host/claudeBinary.ts';
import { repositoryRoot } from '../host/paths.ts';
import { quietClaudeEnvironment } from './claudeRun.ts';
import { realKey, type RunningEngine, startEngine } from './runningEngine.ts';

describe("what the real CLI starts past Agent Quota's terminals", function () {
  this.timeout(120_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;
  let home: string;
  let environment: Record<string, string>;
  let claude: string;
  let directory: string;
  let changes: OutsideChanges;

  const run = async (file: string, ...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(file, args, { cwd: home, env: environment, timeout: 60_000 });
    return stdout;
  };

  before(async function () {
    if (process.platform === 'win32') this.skip();
    claude = await claudeBinary();
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    running = await startEngine(upstream.url, apiKeyPlan({ tokensPerMinute: 1_000_000, concurrentAgents: 3 }));
    // As a user's name may be: the wrappers are below it.
    home = await realpath(await mkdtemp(path.join(tmpdir(), 'aq home ')));
    // As outside of VS Code: the user's own key, and nothing of ours.
    environment = {
      PATH: process.env['PATH'] ?? '',
      TERM: 'xterm',
      ...quietClaudeEnvironment(home),
      ANTHROPIC_BASE_URL: upstream.url,
      ANTHROPIC_API_KEY: realKey,
    };
    const { home: engines } = await running.engine.launcherEndpoint();
    const targets = {
      version: '0.1.0',
      node: process.execPath,
      launcher: path.join(repositoryRoot, 'dist', 'launcher.cjs'),
      home: engines,
    };
    directory = outsideDirectory(home, running.storageDirectory);
    changes = new OutsideChanges({
      directory,
      extensions: path.join(home, 'extensions'),
      userSettings: path.join(home, 'User'),
      claudeSettings: claudeSettingsFile(environment, home),
      inheritedWrapper: undefined,
      keepPanelWrapper: (own) => keepPanelWrapper({ directory, targets }, own),
      keepServiceWrapper: () => keepServiceWrapper({ directory, targets }),
    });
    await mkdir(path.join(home, '.claude'), { recursive: true });
    const project = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true };
    await writeFile(
      path.join(home, '.claude', '.claude.json'),
      JSON.stringify({ hasCompletedOnboarding: true, theme: 'dark', projects: { [home]: project } }),
    );
  });
  after(async () => {
    await run(claude, 'daemon', 'stop', '--any').catch(() => undefined);
    await running.close();
    await upstream.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is a background session of its own, by the settings alone, through the user’s own wrapper too', async () => {
    const own = path.join(home, 'own wrapper');
    const seen = path.join(home, 'seen');
    await writeFile(own, `#!/bin/sh\necho "$1" >>'${seen}'\nshift\nexec "$@"\n`, { mode: 0o700 });
    const settings = claudeSettingsFile(environment, home);
    const variable = JSON.stringify(JSON.stringify([own, 'the user']));
    const original = `{\n  "env": { "CLAUDE_CODE_PROCESS_WRAPPER": ${variable}, "A": "1" }\n}\n`;
    await writeFile(settings, original);
    const answer = await changes.offerService();
    if (answer.kind === 'refused') assert.fail(answer.reason.message);
    await answer.offer.accept();

    assert.match(await run(claude, '--bg', 'say hi'), /backgrounded/);
    await running.until(({ sessions }) => sessions.some(({ requests }) => requests > 0), 30_000);
    const { sessions } = await running.engine.snapshot();
    assert.deepEqual(
      sessions.map(({ agentId, mode, parentSessionId }) => [agentId, mode, parentSessionId]),
      [['claude', 'routed', undefined]],
    );
    const metered = sessions.reduce((sum, { usage }) => sum + usage.outputTokens, 0);
    assert.equal(metered, upstream.served().total.outputTokens, 'all that the upstream counted is its own');
    assert.match(
      await readFile(seen, 'utf8'),
      /^(the user\n)+$/,
      'the user’s own wrapper started it, with its argument',
    );

    await run(claude, 'daemon', 'stop', '--any');
    await running.until((snapshot) => snapshot.sessions.length === 0, 10_000);
    assert.deepEqual(await changes.undoService(), { kind: 'undone' });
    assert.equal(await readFile(settings, 'utf8'), original);
  });

  it('is an agent of the panel, whose commands that ask no model are no agents', async () => {
    const wrapper = await changes.beginPanel(false, undefined);
    // As the panel's extension starts them.
    assert.match(await run(wrapper, claude, '--version'), /Claude Code/);
    await run(wrapper, claude, 'auth', 'status', '--json').catch(() => undefined);
    assert.equal((await running.engine.snapshot()).sessions.length, 0);
    const before = upstream.served().total.outputTokens;
    const turn = {
      type: 'user',
      message: { role: 'user', content: 'say hi' },
      parent_tool_use_id: null,
      session_id: '',
    };
    const streams = ['--output-format', 'stream-json', '--verbose', '--input-format', 'stream-json'];
    const panel = execFile(wrapper, [claude, ...streams], { cwd: home, env: environment });
    panel.stdin?.write(`${JSON.stringify(turn)}\n`);
    await running.until(({ sessions }) => sessions.some(({ requests }) => requests > 0), 30_000);
    const { sessions } = await running.engine.snapshot();
    assert.deepEqual(
      sessions.map(({ agentId, mode, process: { pid } }) => [agentId, mode, pid]),
      [['claude-panel', 'routed', panel.pid]],
    );
    panel.stdin?.end();
    await running.until((snapshot) => snapshot.sessions.length === 0, 10_000);
    assert.ok(upstream.served().total.outputTokens > before);
  });

  it('runs without quota where no engine does, as the user’s own', async () => {
    const wrapper = await changes.beginPanel(false, undefined);
    await running.close();
    const before = upstream.served().total.outputTokens;
    assert.match(await run(wrapper, claude, '-p', 'say hi'), /\S/);
    assert.ok(upstream.served().total.outputTokens > before);
  });
});
