import type { AwayPolicy } from '../core/lease.ts';
import type { Logger } from '../core/logger.ts';
import type { MonotonicClock } from '../core/monotonicClock.ts';
import type { SharedQuota } from '../core/sharedQuota.ts';
import type { LedgerStore } from './ledgerStore.ts';

/** What a leased ledger works with. */
export interface LeasedLedgerParts {
  /** This machine's own rows, which its windows share. */
  readonly store: LedgerStore;
  readonly shared: SharedQuota;
  readonly clock: MonotonicClock;
  /** For people: this machine's name and whose it is. */
  readonly names: { readonly name: string; readonly user: string };
  /** A random id. */
  readonly newId: () => string;
  /** What is done while the shared ledger is away; may change. */
  readonly whenAway: () => AwayPolicy;
  readonly logger: Logger;
}
