import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { MachineClock } from '../../fakes/machineClock.ts';
import { settledQuota } from '../../support/settledQuota.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { followingTime, leasedLedger } from '../ledger/leasedTester.ts';
import { ledgerSuite } from '../ledger/ledgerSuite.ts';

describe('over a real database', () => {
  let database: SharedDatabase;

  before(async function () {
    // The server is started.
    this.timeout(60_000);
    database = await SharedDatabase.make();
    // Tests let minutes pass between two calls, in which a machine that lives would have renewed its lease.
    await database.admin.query('UPDATE agent_quota.setting SET lease_ms = 300000');
  });
  after(() => database.close());

  ledgerSuite('the ledger that leases from PostgreSQL', async () => {
    const clock = new MachineClock();
    await database.empty(clock.now());
    let passed = 0;
    let moved = Promise.resolve();
    const moveOn = (): Promise<void> => {
      const ms = passed;
      passed = 0;
      if (ms > 0) moved = moved.then(() => database.advance(ms));
      return moved;
    };
    const shared = settledQuota(database.open(), moveOn);
    const leased = leasedLedger(new MemoryStore(), shared.quota, clock);
    const ledger = followingTime(leased, async (now) => {
      // What the ledger tells the database without waiting for it is told at the time at which it does.
      await shared.settled();
      passed += clock.set(now);
    });
    return { ledger, dispose: () => leased.close() };
  });
});
