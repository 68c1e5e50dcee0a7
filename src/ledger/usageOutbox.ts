import type { MonotonicClock } from '../core/monotonicClock.ts';
import type { Logger } from '../core/logger.ts';
import { SharedQuotaError, type MachineIdentity, type SharedQuota, type UsageDelivery } from '../core/sharedQuota.ts';
import type { LedgerStore } from './ledgerStore.ts';

/** Requests in one delivery. */
const batch = 500;
/** Calls that look for what of a delivery is refused. */
const mostCalls = 40;
const undelivered = 'Usage could not be delivered to the shared ledger.';
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
  /** Why it was refused last, which is in the log. */
  #said: string | undefined;
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

  async #take(entries: readonly UsageDelivery[]): Promise<void> {
    const { store, shared, machine } = this.#parts;
    const through = await shared.deliver({ machine: await machine(), entries });
    await store.transaction(() => {
      // The shared ledger knows of places that this one has not given yet: it is an older copy of itself (a backup, a disk
      // that has lost its last writes), and what it brings would be taken for what is known.
      if (through > store.shared.lastPlace()) store.shared.moveOutbox(through);
      else store.shared.dropFromOutbox(through);
    });
    if (through < (entries.at(-1)?.position ?? 0)) throw new Error('Not all of it was taken.');
  }

  /**
   * Of what is refused as a whole, delivers what is taken apart from the rest, in order: whatever is refused among what is
   * taken, an account's for example that this machine's login may not use, stays in the local ledger alone. It would else
   * keep back all that comes after it.
   * @throws the last refusal, where all of it is refused.
   */
  async #deliver(entries: readonly UsageDelivery[]): Promise<void> {
    let calls = 0;
    let refused = 0;
    let taken = 0;
    let cause: unknown;
    const deliver = async (part: readonly UsageDelivery[]): Promise<void> => {
      if (part.length === 0) return;
      try {
        calls += 1;
        await this.#take(part);
        taken += part.length;
      } catch (error) {
        if (!(error instanceof SharedQuotaError) || error.kind !== 'refused' || calls >= mostCalls) throw error;
        cause = error;
        if (part.length === 1) refused += 1;
        const middle = Math.ceil(part.length / 2);
        if (part.length > 1) for (const half of [part.slice(0, middle), part.slice(middle)]) await deliver(half);
      }
    };
    await deliver(entries);
    if (refused > 0 && taken === 0) throw cause;
    if (refused > 0)
      this.#parts.logger.warn(
        `The shared ledger does not take the usage of ${refused} of ${entries.length} requests: it stays in this machine's own. ${String(cause)}`,
      );
  }

  async #deliverAll(): Promise<void> {
    const { store, clock, logger } = this.#parts;
    try {
      for (;;) {
        const entries = await store.read(() => store.shared.outbox(batch));
        if (entries.length === 0) break;
        await this.#deliver(entries);
      }
      this.#failures = 0;
      this.#said = undefined;
    } catch (error) {
      const isRefused = error instanceof SharedQuotaError && error.kind === 'refused';
      if (!(error instanceof SharedQuotaError)) logger.error(undelivered, error);
      else if (isRefused && error.message !== this.#said) logger.warn(`${undelivered} ${error.message}`);
      this.#said = isRefused ? error.message : undefined;
      const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(10, this.#failures));
      this.#failures += 1;
      this.#notBefore = clock.monotonic() + waitMs;
    }
  }
}
