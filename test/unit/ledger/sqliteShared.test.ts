import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { ledgerFileName, openLedger } from '../../../src/ledger/openLedger.ts';
import { watched } from '../core/watched.ts';
import { LedgerTester, tokens } from './ledgerTester.ts';
import type { LedgerWork, LedgerWorkDone } from './ledgerWorker.ts';
import { holdLock } from './lockHolder.ts';
import { silentLogger } from './silentLogger.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

describe('an SQLite ledger that several windows share', () => {
  const plan = apiKeyPlan({ requestsPerMinute: 10, tokensPerMinute: 1000, concurrentAgents: 3 });
  let directory: ReturnType<typeof temporaryDirectory>;
  const open: LedgerTester[] = [];

  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(async () => {
    for (const tester of open.splice(0)) await tester.ledger.close();
    directory.remove();
  });

  async function window(name: string): Promise<LedgerTester> {
    const { ledger, kept } = await openLedger(directory.path, silentLogger);
    assert.equal(kept.kind, 'sqlite');
    const tester = new LedgerTester(ledger, plan, name);
    open.push(tester);
    return tester;
  }

  it('tells each of the others’ changes within a second, and only of changes', async () => {
    const [one, two] = [await window('one'), await window('two')];
    let told = 0;
    let hear = (): void => undefined;
    two.ledger.onChange(() => {
      told += 1;
      hear();
    });
    await one.view();
    await pause(300);
    assert.equal(told, 0, 'reading is no change');
    const lateMs: number[] = [];
    for (const [index, agent] of ['a', 'b', 'c'].entries()) {
      const heard = new Promise<void>((resolve) => (hear = resolve));
      const before = performance.now();
      await one.opened(agent);
      await heard;
      lateMs.push(performance.now() - before);
      assert.equal((await two.view()).sessions.length, index + 1);
      await pause(300);
      assert.equal(told, index + 1);
    }
    // The machine may be busy with something else.
    assert.ok(Math.min(...lateMs) < 1000, `changes were told ${lateMs.join(', ')} ms later`);
  });

  it('never gives a slot or a request twice', async () => {
    const windows = [await window('one'), await window('two')];
    let [opened, admitted] = [0, 0];
    const sessions: string[] = [];
    for (let index = 0; index < 10; index += 1) {
      for (const tester of windows) {
        const outcome = await tester.open(`agent ${index}`);
        if (outcome.kind !== 'opened') continue;
        opened += 1;
        sessions.push(outcome.session.sessionId);
      }
    }
    for (let index = 0; index < 10; index += 1) {
      for (const tester of windows) {
        const { state } = await tester.ask(sessions[index % 3] ?? '', { input: 1 });
        if (state === 'admitted') admitted += 1;
      }
    }
    assert.deepEqual([opened, admitted], [3, 10]);
  });

  it('is opened, and gives out all of the plan and no more, under real contention', async () => {
    const contended = apiKeyPlan({ requestsPerMinute: 40, tokensPerMinute: 1000, concurrentAgents: 12 });
    const work = { directory: directory.path, plan: contended, sessions: 10, requests: 30 };
    const threads = ['one', 'two', 'three'].map((name) => {
      const workerData: LedgerWork = { ...work, name };
      return new Worker(new URL('ledgerWorker.ts', import.meta.url), { workerData });
    });
    const done = await Promise.all(
      threads.map(async (thread) => ((await once(thread, 'message')) as [LedgerWorkDone])[0]),
    );
    assert.deepEqual(
      done.map(({ kept }) => kept),
      ['sqlite', 'sqlite', 'sqlite'],
    );
    const sum = (of: (one: LedgerWorkDone) => number): number => done.reduce((total, one) => total + of(one), 0);
    assert.equal(
      sum(({ opened }) => opened),
      12,
    );
    assert.equal(
      sum(({ admitted }) => admitted),
      40,
    );
  });

  it('waits for another writer without stopping the thread', async () => {
    const one = await window('one');
    const letGo = await holdLock(join(directory.path, ledgerFileName));
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 20);
    const opening = watched(one.open('a'));
    await pause(400);
    clearInterval(ticking);
    assert.equal(opening.state, 'pending');
    assert.ok(ticks >= 3, `${ticks} ticks`);
    await letGo();
    assert.equal((await opening.promise).kind, 'opened');
  });

  it('waits for another window that is just opening it', async () => {
    const path = join(directory.path, ledgerFileName);
    closeSync(openSync(path, 'a'));
    const letGo = await holdLock(path);
    const opening = watched(window('one'));
    await pause(300);
    assert.equal(opening.state, 'pending');
    await letGo();
    await (await opening.promise).opened('a');
  });

  it('keeps usage, limits and sessions over a restart', async () => {
    const one = await window('one');
    const a = await one.opened('a', { pid: 42 });
    await one.settle(await one.admitted(a, { input: 100 }), tokens(100, 20), 'r1');
    const waits = one.now + 5000;
    await one.observe({ retryAfterMs: 5000, limited: true });
    const before = await one.view();
    const session = await one.session(a);
    await one.ledger.close();
    open.length = 0;
    const two = await window('two');
    assert.deepEqual(await two.view(), before);
    assert.equal(before.status.pausedUntil, waits);
    assert.deepEqual(await two.session(a), session);
    two.now += 5000;
    const again = await two.admitted(a, { input: 1 });
    assert.equal(await two.settle(again, tokens(1), 'r1'), false, 'request ids are remembered');
  });
});
