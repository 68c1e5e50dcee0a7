import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { openLedger } from '../../../src/ledger/openLedger.ts';
import { MachineClock } from '../../fakes/machineClock.ts';
import { MemorySharedQuota } from '../../fakes/memorySharedQuota.ts';
import { followingTime, leasedLedger } from './leasedTester.ts';
import { ledgerSuite } from './ledgerSuite.ts';
import { silentLogger } from './silentLogger.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

/** Tests let minutes pass between two calls, in which a machine that lives would have renewed its lease. */
const leaseMs = 5 * 60_000;

/** A shared quota whose time passes as a test says, and is not set back with the machine's clock. */
function sharedTime(): { clock: MachineClock; quota: MemorySharedQuota; setTime: (now: number) => Promise<void> } {
  const clock = new MachineClock();
  let passed = 0;
  const quota = new MemorySharedQuota(() => passed, leaseMs);
  const setTime = (now: number): Promise<void> => {
    passed += clock.set(now);
    return Promise.resolve();
  };
  return { clock, quota, setTime };
}

ledgerSuite('the ledger that leases, in memory', () => {
  const { clock, quota, setTime } = sharedTime();
  const leased = leasedLedger(new MemoryStore(), quota.connect(), clock);
  return Promise.resolve({ ledger: followingTime(leased, setTime), dispose: () => leased.close() });
});

ledgerSuite('the ledger that leases, in SQLite', async () => {
  const directory = temporaryDirectory();
  const { clock, quota, setTime } = sharedTime();
  let leased: ReturnType<typeof leasedLedger> | undefined;
  await openLedger(directory.path, silentLogger, {
    build: (store) => (leased = leasedLedger(store, quota.connect(), clock)),
  });
  if (leased === undefined) throw new Error('No ledger was built.');
  const opened = leased;
  return {
    ledger: followingTime(opened, setTime),
    dispose: async () => {
      await opened.close();
      directory.remove();
    },
  };
});
