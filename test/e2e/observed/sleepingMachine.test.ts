import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launcherVariables } from '../../../src/shared/launcherVariables.ts';
import type { ServedRequest } from '../../fakes/servedLog.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import { claudeBinary } from '../../host/claudeBinary.ts';
import { repositoryRoot } from '../../host/paths.ts';
import { quietClaudeEnvironment } from '../claudeRun.ts';
import { type EngineProcess, startEngineProcess } from '../engineProcess.ts';
import { bookedRequests, comparable } from './bookedRequests.ts';

const login = 'sk-ant-oat01-of-a-machine-that-sleeps';
const sleepMs = 12_000;

/** As a machine that sleeps: all of it stands still, and the world and its clocks go on. */
describe('an observed agent on a machine that sleeps in the middle of its work', function () {
  this.timeout(120_000);
  if (process.platform === 'win32') return;
  let upstream: SimulatedUpstream;
  let engine: EngineProcess;
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'aq home '));
    upstream = await startSimulatedUpstream({ behaviour: { acceptedKeys: [login] } });
    engine = await startEngineProcess(upstream.url, {}, 'observed');
  });
  afterEach(async () => {
    await engine.close();
    await upstream.close();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  const served = (): ServedRequest[] =>
    upstream.requests.filter(({ path: target }) => target.startsWith('/v1/messages'));

  it('goes on when it wakes, and is booked once, what it used meanwhile too', async () => {
    // The first answer ends while the machine sleeps; the tool runs, and the second is asked for, when it is awake.
    const bash = { name: 'Bash', input: { command: 'echo hello', description: 'Say hello' } };
    upstream.behave({ toolUse: bash, deltaEvents: 50, delays: { beforeHeadersMs: 0, betweenEventsMs: 100 } });
    const { launcher } = engine;
    const args = ['run', '--agent', 'sleeper', '--', await claudeBinary(), '-p', 'say hi', '--allowedTools', 'Bash'];
    const child = spawn(process.execPath, [path.join(repositoryRoot, 'dist', 'launcher.cjs'), ...args], {
      cwd: home,
      // A process group of its own, which stops as a whole.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        ...quietClaudeEnvironment(home),
        [launcherVariables.socket]: launcher.address,
        [launcherVariables.home]: launcher.home,
        CLAUDE_CODE_OAUTH_TOKEN: login,
        ANTHROPIC_BASE_URL: upstream.url,
      },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text.toString()));
    const ended = once(child, 'close');
    const group = -(child.pid ?? NaN);
    try {
      while (upstream.served().total.requests === 0 && child.exitCode === null) await sleep(50);
      await sleep(1000);
      for (const pid of [group, engine.pid]) process.kill(pid, 'SIGSTOP');
      await sleep(sleepMs);
      assert.equal(served().length, 1, 'it slept');
      for (const pid of [engine.pid, group]) process.kill(pid, 'SIGCONT');
      const [code] = (await ended) as [number];
      assert.equal(code, 0, said);
    } finally {
      if (child.exitCode === null) process.kill(group, 'SIGKILL');
    }
    assert.equal(served().length, 2);
    const booked = () => bookedRequests(engine.storageDirectory);
    for (const until = performance.now() + 10_000; booked().length < 2 && performance.now() < until;) await sleep(100);
    await sleep(1500);
    assert.equal(booked().length, 2);
    assert.deepEqual(comparable(booked()), comparable(served()));
    assert.equal(new Set(booked().map(({ agent }) => agent)).size, 1);
    assert.equal(booked()[0]?.agent, 'sleeper');
  });
});
