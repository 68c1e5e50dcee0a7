import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { launcherVariables } from '../../src/shared/launcherVariables.ts';
import { installShims } from '../../src/shims/installedShims.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../fakes/simulatedUpstream.ts';
import { claudeBinary } from '../host/claudeBinary.ts';
import { repositoryRoot } from '../host/paths.ts';
import { quietClaudeEnvironment } from './claudeRun.ts';
import { realKey, type RunningEngine, startEngine } from './runningEngine.ts';

describe('background sessions of the real CLI', function () {
  this.timeout(120_000);
  let upstream: SimulatedUpstream;
  let running: RunningEngine;
  let home: string;
  let environment: Record<string, string>;
  let claude: string;

  const node = process.execPath;
  const launcher = path.join(repositoryRoot, 'dist', 'launcher.cjs');
  const run = async (file: string, ...args: string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(file, args, { cwd: home, env: environment, timeout: 60_000 });
    return stdout;
  };

  before(async function () {
    if (process.platform === 'win32') this.skip();
    claude = await claudeBinary();
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [realKey] } });
    running = await startEngine(upstream.url, apiKeyPlan({ tokensPerMinute: 1_000_000, concurrentAgents: 3 }));
    home = await realpath(await mkdtemp(path.join(tmpdir(), 'aq home ')));
    const { address, home: engines } = await running.engine.launcherEndpoint();
    await installShims(
      { version: '0.1.0', node, launcher, home: engines },
      { storage: running.storageDirectory, platform: process.platform, userProfile: home },
    );
    environment = {
      PATH: process.env['PATH'] ?? '',
      TERM: 'xterm',
      ...quietClaudeEnvironment(home),
      [launcherVariables.socket]: address,
      [launcherVariables.home]: engines,
    };
    const project = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true };
    await mkdir(path.join(home, '.claude'));
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

  it('are sessions of their own below the one that started them, and end with their processes', async () => {
    for (const [index, task] of ['first', 'second'].entries()) {
      const said = await run(
        node,
        launcher,
        'run',
        '--agent',
        `${task}-starter`,
        '--',
        claude,
        '--bg',
        `say hi ${task}`,
      );
      assert.match(said, /backgrounded/);
      await running.until(
        ({ sessions }) => sessions.filter(({ requests }) => requests > 0).length === index + 1,
        30_000,
      );
    }
    const { sessions } = await running.engine.snapshot();
    const ids = new Set(sessions.map(({ sessionId }) => sessionId));
    assert.deepEqual(
      sessions.map(({ agentId, mode, parentSessionId }) => [agentId, mode, parentSessionId !== undefined]),
      [
        ['first-starter', 'routed', true],
        ['second-starter', 'routed', true],
      ],
      'those that have only started them have ended',
    );
    assert.ok(sessions.every(({ parentSessionId }) => !ids.has(parentSessionId ?? '')));
    const parents = new Set(sessions.map(({ parentSessionId }) => parentSessionId));
    assert.equal(parents.size, 2, 'each is below its own, though the service is the first one’s');
    // All that the upstream counted is theirs; what is under way is metered a moment later.
    await running.until(({ sessions: now }) => {
      const metered = now.reduce((sum, { usage }) => sum + usage.outputTokens, 0);
      return metered === upstream.served().total.outputTokens;
    }, 10_000);

    await run(claude, 'daemon', 'stop', '--any');
    await running.until((snapshot) => snapshot.sessions.length === 0, 10_000);
  });
});
