import assert from 'node:assert/strict';
import { PersistentWrites } from '../../../src/core/persistentWrites.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { FakeClock, settled } from '../../fakes/fakeClock.ts';
import { createMemoryLogger } from '../control/memoryLogger.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { CoordinatorTester } from './coordinatorTester.ts';
import { ManagerTester, outcome } from './managerTester.ts';
import { watched } from './watched.ts';

/** A write that fails so many times and then succeeds; it counts its tries. */
function failing(times: number, cause = 'The disk is full.'): { run: () => Promise<string>; tries: () => number } {
  let tries = 0;
  const run = (): Promise<string> => {
    tries += 1;
    return tries <= times ? Promise.reject(new Error(`${cause} ${tries}`)) : Promise.resolve('written');
  };
  return { run, tries: () => tries };
}

describe('writes that must not be lost', () => {
  let clock: FakeClock;
  let logger: ReturnType<typeof createMemoryLogger>;
  let writes: PersistentWrites;

  beforeEach(() => {
    clock = new FakeClock();
    logger = createMemoryLogger();
    writes = new PersistentWrites(clock, logger);
  });

  it('succeed at once where they can', async () => {
    assert.equal(await writes.write('write', failing(0).run), 'written');
    assert.equal(writes.failure, undefined);
    assert.equal(clock.timers, 0);
  });

  it('are tried again after longer and longer, and are logged once', async () => {
    const { run, tries } = failing(9);
    const write = watched(writes.write('write something', run));
    let waited = 0;
    for (const ms of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]) {
      await clock.advance(ms - 1);
      const before = tries();
      assert.equal(write.state, 'pending');
      await clock.advance(1);
      waited += 1;
      assert.equal(tries(), before + 1, `after ${ms} ms`);
    }
    assert.equal(await write.promise, 'written');
    assert.deepEqual([tries(), waited], [10, 9]);
    assert.deepEqual(logger.lines, ['Could not write something; it is tried again. The disk is full. 1']);
    assert.equal(clock.timers, 0);
  });

  it('say why they fail, until the last has succeeded', async () => {
    const first = watched(writes.write('one', failing(2, 'one').run));
    const second = watched(writes.write('two', failing(3, 'two').run));
    await settled();
    assert.match(writes.failure ?? '', /^one 1$/);
    await clock.advance(1500);
    assert.equal(first.state, 'resolved');
    assert.match(writes.failure ?? '', /^two 3$/);
    await clock.advance(2000);
    assert.equal(second.state, 'resolved');
    assert.equal(writes.failure, undefined);
  });

  it('are given up when the engine ends', async () => {
    const { run, tries } = failing(99);
    watched(writes.write('write', run));
    await settled();
    writes.dispose();
    await clock.advance(600_000);
    assert.deepEqual([tries(), clock.timers], [1, 0]);
  });
});

describe('a ledger that cannot be written for a while', () => {
  it('books in the end all that was used, and gives back what was held', async () => {
    const tester = new ManagerTester(apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 60_000 }));
    const { ledger, clock, manager } = tester;
    const a = await tester.session();
    const ask = { usesTokens: true, bodyBytes: 400 };
    const reservations = [];
    for (let count = 0; count < 4; count += 1) reservations.push(await tester.reserve(a, ask).promise);
    const settle = ledger.settle.bind(ledger);
    const withdraw = ledger.withdraw.bind(ledger);
    const full = (): Promise<never> => Promise.reject(new Error('The disk is full.'));
    ledger.settle = full;
    ledger.withdraw = full;
    const ends = reservations.map((reservation, index) =>
      watched(
        index === 3
          ? reservation.release()
          : reservation.settle(outcome([10 * (index + 1), 1], { requestId: `r${index}` })),
      ),
    );
    await clock.advance(10_000);
    assert.ok(ends.every(({ state }) => state === 'pending'));
    assert.equal(manager.writeFailure, 'The disk is full.');
    ledger.settle = settle;
    ledger.withdraw = withdraw;
    await clock.advance(30_000);
    assert.ok(ends.every(({ state }) => state === 'resolved'));
    assert.equal(manager.writeFailure, undefined);
    assert.deepEqual((await manager.view()).usedToday, tokens(60, 3));
    assert.deepEqual(await tester.underWay(), [0, 0]);
    await clock.advance(60_000);
    assert.deepEqual([await tester.used('tokensPerMinute'), await tester.used('requestsPerMinute')], [0, 0]);
  });

  it('is told as a problem, until it can be written again', async () => {
    const tester = new CoordinatorTester().configure();
    const a = await tester.opened('a');
    const reservation = await tester.reserve(a).promise;
    const { ledger, clock, coordinator } = tester;
    const settle = ledger.settle.bind(ledger);
    ledger.settle = () => Promise.reject(new Error('The disk is full.'));
    const end = watched(reservation.settle(outcome([1, 1])));
    await settled();
    const health = await coordinator.checkAuthHealth();
    assert.equal(health.healthy, false);
    assert.deepEqual(
      health.problems.map(({ code }) => code),
      ['ledger-fails'],
    );
    assert.match(health.problems[0]?.message ?? '', /The disk is full/);
    ledger.settle = settle;
    await clock.advance(500);
    assert.equal(end.state, 'resolved');
    assert.equal((await coordinator.checkAuthHealth()).healthy, true);
  });
});
