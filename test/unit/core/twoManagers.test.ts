import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { ClaudeQuotaManager } from '../../../src/core/claudeQuotaManager.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { openLedger } from '../../../src/ledger/openLedger.ts';
import { systemClock } from '../../../src/processes/systemClock.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { FakeSecrets } from '../../fakes/fakeSecrets.ts';
import { silentLogger } from '../ledger/silentLogger.ts';
import { temporaryDirectory } from '../ledger/temporaryDirectory.ts';
import { terms } from '../ledger/terms.ts';
import { ManagerTester, outcome } from './managerTester.ts';
import type { Watched } from './watched.ts';

describe('two managers on one ledger', () => {
  const plan = apiKeyPlan({ requestsPerMinute: 4, tokensPerMinute: 10_000, concurrentAgents: 2 });
  const clock = new FakeClock();
  let directory: ReturnType<typeof temporaryDirectory>;
  let one: ManagerTester;
  let two: ManagerTester;

  beforeEach(async () => {
    directory = temporaryDirectory();
    const open = async (engineId: string): Promise<ManagerTester> => {
      const { ledger, kept } = await openLedger(directory.path, silentLogger);
      assert.equal(kept.kind, 'sqlite');
      await ledger.join(engineId, { pid: 1 }, clock.now());
      return new ManagerTester(plan, { ledger, clock, engineId });
    };
    [one, two] = [await open('one'), await open('two')];
  });
  afterEach(async () => {
    for (const { manager, ledger } of [one, two]) {
      manager.dispose();
      await pause(1);
      await ledger.close();
    }
    directory.remove();
  });

  /** Waits for five seconds at most until something is so. */
  async function soon(isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + 5000;
    while (!isSo() && performance.now() < deadline) await pause(10);
  }

  /** @returns what the promise has become within five seconds. */
  async function outcomeOf(watch: Watched<unknown>): Promise<Watched<unknown>['state']> {
    await soon(() => watch.state !== 'pending');
    return watch.state;
  }

  it('share its slots and its limits', async () => {
    const [a, b] = [await one.session('a'), await two.session('b')];
    await assert.rejects(one.session('c'), /no slot/);
    const all = [one.reserve(a), two.reserve(b), one.reserve(a), two.reserve(b), one.reserve(a), two.reserve(b)];
    const admitted = (): number => all.filter(({ state }) => state === 'resolved').length;
    await soon(() => admitted() >= 4);
    await pause(50);
    assert.equal(admitted(), 4);
    assert.deepEqual(await one.underWay(), [2, 4]);
    assert.deepEqual(await two.manager.view(), await one.manager.view());
  });

  it('admit at once what there is room for, also where nothing may wait', async () => {
    const { ledger } = await openLedger(directory.path, silentLogger);
    await ledger.join('third', { pid: 1 }, systemClock.now());
    const wide = apiKeyPlan({ requestsPerMinute: 1000, concurrentAgents: 2 });
    const secrets = new FakeSecrets('third');
    const parts = { ledger, clock: systemClock, secrets, logger: silentLogger, engineId: 'third' };
    const manager = new ClaudeQuotaManager(wide, parts);
    await manager.configure(terms(wide), 0);
    const opening = {
      sessionId: 's',
      ticket: 's',
      agentId: 'a',
      mode: 'routed',
      tokenHash: 's',
      workspace: '',
    } as const;
    assert.equal((await manager.allocate({ ...opening, process: { pid: 1 }, wait: false })).kind, 'opened');
    const ask = { sessionId: 's', usesTokens: false, bodyBytes: 0 };
    const all = Array.from({ length: 100 }, () => manager.reserve(ask, new AbortController().signal));
    assert.equal((await Promise.all(all)).length, 100);
    manager.dispose();
    await ledger.close();
  });

  it('hear of what the other gives back', async () => {
    const [a, b] = [await one.session('a'), await two.session('b')];
    const held = [];
    for (let times = 0; times < 4; times += 1) held.push(await one.reserve(a).promise);
    const waiting = two.reserve(b);
    await pause(20);
    assert.equal(waiting.state, 'pending');
    await held[0]?.release();
    assert.equal(await outcomeOf(waiting), 'resolved');
  });

  it('end each other’s sessions, and the requests that wait in them', async () => {
    const a = await one.session('a');
    for (let times = 0; times < 4; times += 1) {
      await (await one.reserve(a).promise).settle(outcome([0, 0]));
    }
    const waiting = one.reserve(a);
    await pause(20);
    assert.equal(waiting.state, 'pending');
    await two.manager.release(a, 'released');
    assert.equal(await outcomeOf(waiting), 'rejected');
    assert.match(String(waiting.error), /session has ended/);
  });
});
