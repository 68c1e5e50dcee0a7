import type { MonotonicClock } from '../core/monotonicClock.ts';
import type { Logger } from '../core/logger.ts';
import { SharedQuotaError, type MachineIdentity, type SharedQuota } from '../core/sharedQuota.ts';
import type { LedgerStore } from './ledgerStore.ts';

/** Requests in one delivery. */
const batch = 500;
/** After a failure, in milliseconds; twice as long after each. */
const firstRetryMs = 1000;
const longestRetryMs = 30_000;

export interface UsageOutboxParts {
  readonly store: LedgerStore;
  readonly shared: SharedQuota;
  readonly clock: MonotonicClock;
  readonly machine: () => Promise<MachineIdentity>;
  readonly logger: Logger;
}

/**
 * Delivers what was used to the shared ledger, in order. What is not known to be there stays in the local ledger and is
 * delivered again; the shared ledger knows how far it has got.
 */
export class UsageOutbox {
  readonly #parts: UsageOutboxParts;
  #failures = 0;
  #notBefore = 0;
  #delivering: Promise<void> | undefined;

  constructor(parts: UsageOutboxParts) {
    this.#parts = parts;
  }

  /** Delivers what there is, unless it has failed just now. Never rejects. */
  deliver(): Promise<void> {
    if (this.#parts.clock.monotonic() < this.#notBefore) return Promise.resolve();
    this.#delivering ??= this.#deliverAll().finally(() => (this.#delivering = undefined));
    return this.#delivering;
  }

  async #deliverAll(): Promise<void> {
    const { store, shared, clock, logger, machine } = this.#parts;
    try {
      for (;;) {
        const entries = await store.read(() => store.shared.outbox(batch));
        if (entries.length === 0) break;
        const through = await shared.deliver({ machine: await machine(), entries });
        await store.transaction(() => {
          store.shared.dropFromOutbox(through);
        });
        if (through < (entries.at(-1)?.position ?? 0)) throw new Error('Not all of it was taken.');
      }
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof SharedQuotaError))
        logger.error('Usage could not be delivered to the shared ledger.', error);
      const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(10, this.#failures));
      this.#failures += 1;
      this.#notBefore = clock.monotonic() + waitMs;
    }
  }
}
