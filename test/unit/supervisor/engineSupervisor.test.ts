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

  /** Lets it die as soon as it runs, until it is given up. */
  async function dieUntilGivenUp(): Promise<void> {
    for (const pauseMs of [0, 0, 250, 1000, 4000, 15_000]) {
      await tester.clock.advance(pauseMs);
      await tester.reached('running', engines.length);
      engines.at(-1)?.die();
      await tester.told();
    }
  }

  it('gives up after six deaths within a minute, with longer and longer pauses, and says why', async () => {
    supervise();
    await tester.reached('running');
    engines[0]?.die();
    await tester.reached('running', 2);
    for (const pauseMs of [250, 1000, 4000, 15_000]) {
      engines.at(-1)?.die();
      await tester.told();
      assert.equal(tester.life.at(-1)?.kind, 'starting');
      const call = watched(tester.engine.releaseSession('s'));
      await tester.clock.advance(pauseMs - 1);
      const before = engines.length;
      await tester.clock.advance(1);
      assert.deepEqual([engines.length, await call.promise], [before + 1, true], 'calls wait for it');
      await tester.reached('running', engines.length);
    }
    engines.at(-1)?.die();
    const stopped = await tester.reached('stopped');
    assert.equal(stopped.cause, 'the port was closed');
    await assert.rejects(tester.engine.snapshot(), /does not run. Reload the window/);
    assert.equal(engines.length, 6);
  });

  it('tries once a minute what it has given up, and starts it at once again when it has lived for long', async () => {
    supervise();
    await dieUntilGivenUp();
    await tester.reached('stopped');
    await tester.clock.advance(59_999);
    assert.equal(engines.length, 6);
    await tester.clock.advance(1);
    await tester.reached('running', 7);
    await tester.clock.advance(30_000);
    engines.at(-1)?.die();
    await tester.reached('stopped', 2);
    await tester.clock.advance(60_000);
    await tester.reached('running', 8);
    assert.equal(await tester.engine.releaseSession('s'), true);
    await tester.clock.advance(60_000);
    engines.at(-1)?.die();
    await tester.reached('running', 9);
  });

  it('tries what it has given up when it is configured, with that', async () => {
    let isFull = true;
    supervise(() => (isFull ? { start: () => Promise.reject(new Error('the disk is full')) } : {}));
    await tester.passUntil('stopped');
    assert.equal((await tester.reached('stopped')).cause, 'the disk is full');
    await assert.rejects(tester.engine.configure(configuration), /the disk is full/);
    await tester.reached('stopped', 2);
    isFull = false;
    await tester.engine.configure(configuration);
    assert.equal(tester.life.at(-1)?.kind, 'running');
    assert.equal(engines.at(-1)?.calls[1], configured);
    assert.equal(tester.clock.timers, 0, 'it is not tried beside that');
  });

  it('starts nothing after its end, however it waited', async () => {
    for (const deaths of [2, 6]) {
      supervise(() => ({ start: () => Promise.reject(new Error('the disk is full')) }));
      if (deaths === 2) await tester.reached('starting', 3);
      else await tester.passUntil('stopped');
      const call = watched(tester.engine.snapshot());
      await tester.supervisor.dispose();
      assert.equal(call.state, 'rejected');
      assert.equal(tester.clock.timers, 0);
      await tester.clock.advance(120_000);
      assert.equal(engines.length, deaths);
    }
  });

  it('does not give up on deaths that are far between', async () => {
    supervise();
    for (let death = 1; death <= 8; death += 1) {
      await tester.passUntil('running', death);
      await tester.clock.advance(16_000);
      engines.at(-1)?.die();
    }
    await tester.passUntil('running', 9);
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
    await tester.passUntil('stopped');
    assert.equal((await tester.reached('stopped')).cause, 'no port is free');
    assert.equal(engines.length, 6);
  });

  it('gives up when no thread can be had', async () => {
    tester = new SupervisorTester(start, () => {
      throw new Error('no worker');
    });
    const call = watched(tester.engine.snapshot());
    await tester.passUntil('stopped');
    assert.equal((await tester.reached('stopped')).cause, 'no worker');
    assert.equal(call.state, 'rejected');
    assert.equal(tester.life.filter(({ kind }) => kind === 'starting').length, 6);
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
