import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { launcherVariables } from '../../src/shared/launcherVariables.ts';
import { repositoryRoot } from '../host/paths.ts';
import { type RunningEngine, startEngine } from './runningEngine.ts';

const isWhole = (process.env['AGENT_QUOTA_LONG'] ?? '') !== '';
const launchers = isWhole ? 300 : 30;
const slots = 5;

/** What ends a launcher; `exit` is its agent's own. */
const life = fc.record({
  end: fc.constantFrom('SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'exit', 'SIGKILL of the agent'),
  startsAfterMs: fc.nat(isWhole ? 60_000 : 6000),
  staysMs: fc.nat(1500),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

/** Says its process id, and ends when told, or with the launcher that started it. */
const agent = `
console.log(process.pid);
const launcher = process.ppid;
setInterval(() => { if (process.ppid !== launcher) process.exit(); }, 100);
process.stdin.on('end', () => process.exit()).resume();`;

describe(`${launchers} launchers that are killed at random`, function () {
  this.timeout(isWhole ? 600_000 : 120_000);
  let running: RunningEngine;

  before(async () => {
    running = await startEngine('http://127.0.0.1:9', apiKeyPlan({ concurrentAgents: slots }));
  });
  after(() => running.close());

  async function live({ end, startsAfterMs, staysMs }: Life, index: number): Promise<void> {
    await sleep(startsAfterMs);
    const { address, home } = await running.engine.launcherEndpoint();
    const script = path.join(repositoryRoot, 'dist', 'launcher.cjs');
    const child: ChildProcess = spawn(
      process.execPath,
      [script, 'run', '--agent', `agent-${index}`, '--', process.execPath, '-e', agent],
      {
        detached: true,
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { PATH: process.env['PATH'], [launcherVariables.socket]: address, [launcherVariables.home]: home },
      },
    );
    const ended = once(child, 'exit');
    const agentPid = child.stdout === null ? undefined : once(child.stdout, 'data').then(([data]) => Number(data));
    if (end === 'exit' || end === 'SIGKILL of the agent') {
      // Not before it has its slot: it may have to wait in line for it.
      const pid = await agentPid;
      assert.ok(pid !== undefined);
      await sleep(staysMs);
      if (end === 'exit') child.stdin?.end();
      else process.kill(pid, 'SIGKILL');
    } else {
      await sleep(staysMs);
      child.kill(end);
    }
    await ended;
  }

  it('leave no session and no place in line behind, and none that lives is lost', async () => {
    const seed = Number(process.env['AGENT_QUOTA_TEST_SEED'] ?? Date.now() % 1_000_000);
    const lives = fc.sample(life, { seed, numRuns: launchers });
    const made = `AGENT_QUOTA_TEST_SEED=${seed} makes it again`;
    try {
      const lived = { over: false };
      const all = Promise.all(lives.map(live)).finally(() => (lived.over = true));
      all.catch(() => undefined);
      while (!lived.over) {
        const { sessions } = await running.engine.snapshot();
        const active = sessions.filter(({ state }) => state === 'active').length;
        assert.ok(active <= slots, `${active} of ${slots} slots are taken`);
        await sleep(50);
      }
      await all;
      const { status } = await running.until(({ sessions, line }) => sessions.length + line.length === 0, 10_000);
      assert.equal(status.limits.find(({ dimension }) => dimension === 'slots')?.used, 0);
    } catch (error) {
      throw new Error(`${made}: ${String(error)}`, { cause: error });
    }
  });
});
