import assert from 'node:assert/strict';
import type { AgentAuth, EngineConfiguration, EngineStart } from '../../../src/core/quotaEngine.ts';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import { EngineDiedError } from '../../../src/supervisor/engineSupervisor.ts';
import { never, StubEngine } from './stubEngine.ts';
import { SupervisorTester } from './supervisorTester.ts';
import { watched } from '../core/watched.ts';

const start: EngineStart = { engineId: 'window', storageDirectory: '/nowhere', launcherSecret: 'secret' };
const configuration: EngineConfiguration = {
  plan: maxSubscriptionPlan(),
  agents: [],
  dailyTokens: 'fallback',
  credentials: { kind: 'none' },
  credentialProblems: [],
  network: directNetwork,
  networkProblems: [],
  inactivityMs: 1,
  longestWaitMs: 2,
  workspace: 'work',
};
const configured = `configure ${JSON.stringify(configuration)}`;

describe('engine supervisor', () => {
  let engines: StubEngine[];
  let tester: SupervisorTester;

  function supervise(answers: (nth: number) => ConstructorParameters<typeof StubEngine>[1] = () => ({})): void {
    engines = [];
    tester = new SupervisorTester(start, (given) => {
      const engine = new StubEngine(given, answers(engines.length));
      engines.push(engine);
      return engine.thread;
    });
  }

  async function dispose(): Promise<void> {
    const disposing = tester.supervisor.dispose();
    await tester.clock.advance(2000);
    await disposing;
  }
  afterEach(dispose);

  it('starts an engine, and lets calls wait for it', async () => {
    supervise();
    assert.equal(await tester.engine.releaseSession('s'), true);
    assert.deepEqual(engines[0]?.calls, ['start', 'releaseSession "s"']);
    const running = await tester.reached('running');
    assert.deepEqual(running, {
      kind: 'running',
      place: 'window',
      started: { gatewayPort: 5000, observerPort: 5001, launcherAddress: '/run/first.sock' },
    });
    assert.deepEqual(
      tester.life.map(({ kind }) => kind),
      ['starting', 'running'],
    );
  });

  it('starts a dead engine again, where it was and as it was', async () => {
    supervise();
    await tester.engine.configure(configuration);
    engines[0]?.die();
    await tester.reached('running', 2);
    assert.equal(await tester.engine.releaseSession('s'), true);
    assert.deepEqual(engines[1]?.start, {
      ...start,
      gatewayPort: 5000,
      observerPort: 5001,
      launcherAddress: '/run/first.sock',
    });
    assert.deepEqual(engines[1].calls, ['start', configured, 'releaseSession "s"']);
    assert.match(tester.logger.lines.join('\n'), /engine has died. unknown/);
    assert.equal(engines.length, 2);
  });

  it('rejects the calls that were under way when it died', async () => {
    supervise(() => ({ setupClaudeAgentAuth: () => never<AgentAuth>() }));
    const call = watched(tester.engine.setupClaudeAgentAuth({ ticket: 't', agentId: 'a' }));
    await tester.engine.giveUp('another');
    engines[0]?.die();
    await tester.reached('running', 2);
    assert.ok(call.error instanceof EngineDiedError);
    assert.match(call.error.message, /started again. Try again/);
  });

  it('gives up after five deaths within a minute, and says why', async () => {
    supervise();
    for (let death = 1; death <= 5; death += 1) {
      await tester.reached('running', death);
      engines.at(-1)?.die();
    }
    const stopped = await tester.reached('stopped');
    assert.equal(stopped.cause, 'the port was closed');
    await assert.rejects(tester.engine.snapshot(), /does not run. Reload the window/);
    await assert.rejects(tester.engine.configure(configuration), EngineDiedError);
    assert.equal(engines.length, 5);
  });

  it('does not give up on deaths that are far between', async () => {
    supervise();
    for (let death = 1; death <= 8; death += 1) {
      await tester.reached('running', death);
      await tester.clock.advance(16_000);
      engines.at(-1)?.die();
    }
    await tester.reached('running', 9);
  });

  it('starts again what cannot be started or configured, and gives up on it', async () => {
    supervise((nth) => (nth === 0 ? { start: () => Promise.reject(new Error('no port is free')) } : {}));
    const call = watched(tester.engine.releaseSession('s'));
    await tester.reached('running', 1);
    assert.equal(call.state, 'rejected', 'whoever waited for it hears of it');
    assert.equal(engines.length, 2);
    assert.match(tester.logger.lines.join('\n'), /has died. no port is free/);
    await dispose();

    supervise(() => ({ start: () => Promise.reject(new Error('no port is free')) }));
    assert.equal((await tester.reached('stopped')).cause, 'no port is free');
    assert.equal(engines.length, 5);
  });

  it('gives up when no thread can be had', async () => {
    tester = new SupervisorTester(start, () => {
      throw new Error('no worker');
    });
    const call = watched(tester.engine.snapshot());
    assert.equal((await tester.reached('stopped')).cause, 'no worker');
    assert.equal(call.state, 'rejected');
    assert.equal(tester.life.filter(({ kind }) => kind === 'starting').length, 5);
    await assert.rejects(tester.engine.snapshot(), EngineDiedError);
  });

  it('lets an engine end in an orderly way, and starts none afterwards', async () => {
    supervise();
    await tester.reached('running');
    await tester.supervisor.dispose();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(engines[0]?.calls, ['start', 'close']);
    assert.equal(engines.length, 1);
    assert.deepEqual(tester.logger.lines, []);
    await assert.rejects(tester.engine.releaseSession('s'));
  });

  it('waits two seconds at most for one that hangs, at its end or at its start', async () => {
    for (const hangs of ['start', 'close'] as const) {
      supervise(() => ({ [hangs]: () => never() }));
      if (hangs === 'close') await tester.reached('running');
      const disposing = watched(tester.supervisor.dispose());
      await tester.clock.advance(1999);
      assert.equal(disposing.state, 'pending');
      await tester.clock.advance(1);
      await disposing.promise;
      assert.equal(tester.clock.timers, 0);
    }
  });
});
