import { createRequire } from 'node:module';
import type { Ledger } from './core/ledger.ts';
import type { Logger } from './core/logger.ts';
import type { SharedLedgerStart } from './core/quotaEngine.ts';
import type { LedgerStore } from './ledger/ledgerStore.ts';
import type * as SharedLedgerModule from './sharedLedger.ts';

/** Loads what shares the quota with other machines. @returns makes the ledger of this machine's rows. */
export function sharedLedgerOf(start: SharedLedgerStart, logger: Logger): (store: LedgerStore) => Ledger {
  const { sharedLedger } = createRequire(start.script)(start.script) as typeof SharedLedgerModule;
  return (store) => sharedLedger(store, start, logger);
}
