import type { Ledger } from '../../../src/core/ledger.ts';
import type { AwayPolicy } from '../../../src/core/lease.ts';
import type { SharedQuota } from '../../../src/core/sharedQuota.ts';
import { LeasedLedger } from '../../../src/ledger/leasedLedger.ts';
import type { LedgerStore } from '../../../src/ledger/ledgerStore.ts';
import type { MachineClock } from '../../fakes/machineClock.ts';
import { silentLogger } from './silentLogger.ts';

let machines = 0;

/** A machine's ledger with a clock of its own. */
export function leasedLedger(
  store: LedgerStore,
  shared: SharedQuota,
  clock: MachineClock,
  whenAway: AwayPolicy = { kind: 'wait' },
): LeasedLedger {
  machines += 1;
  const name = `machine ${machines}`;
  let ids = 0;
  return new LeasedLedger({
    store,
    shared,
    clock,
    names: { name, user: 'somebody' },
    newId: () => `${name}, ${(ids += 1)}`,
    whenAway: () => whenAway,
    logger: silentLogger,
  });
}

/**
 * A leased ledger for tests that give the time with each call: the time is then that everywhere, and what a call has
 * changed is reported before the next one, however soon in that time it comes. Of bookings in a row the last reports.
 */
export function followingTime(leased: LeasedLedger, setTime: (now: number) => Promise<void>): Ledger {
  let hasBooked = false;
  return new Proxy<Ledger>(leased, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      if (name === 'onChange' || name === 'close') return method.bind(target) as unknown;
      return async (...args: readonly unknown[]): Promise<unknown> => {
        if (hasBooked && name !== 'book') await leased.report();
        const now = args.findLast((arg) => typeof arg === 'number' && arg > 1e12);
        if (typeof now === 'number' && name !== 'usage' && name !== 'forgetUsageBefore') await setTime(now);
        const result: unknown = await Reflect.apply(method, target, args);
        hasBooked = name === 'book';
        if (!hasBooked) await leased.report();
        return result;
      };
    },
  });
}
