import { Listeners } from '../core/listeners.ts';
import {
  SharedQuotaError,
  type LeaseAsk,
  type LeaseGrant,
  type PublishedMachine,
  type SeenMachine,
  type SharedNotice,
  type SharedQuota,
  type SharedUsageSum,
  type UsageBatch,
} from '../core/sharedQuota.ts';

/** A shared quota that is opened when it is asked for the first time, and again after that has failed. */
export class LateSharedQuota implements SharedQuota {
  readonly #open: () => Promise<SharedQuota>;
  readonly #notices = new Listeners<[SharedNotice]>();
  #opened: Promise<SharedQuota> | undefined;
  #isClosed = false;

  /** @param open rejects with a `SharedQuotaError` for people. */
  constructor(open: () => Promise<SharedQuota>) {
    this.#open = open;
  }

  async renew(ask: LeaseAsk): Promise<LeaseGrant> {
    return (await this.#quota()).renew(ask);
  }

  async observe(...report: Parameters<SharedQuota['observe']>): Promise<void> {
    await (await this.#quota()).observe(...report);
  }

  async deliver(batch: UsageBatch): Promise<number> {
    return (await this.#quota()).deliver(batch);
  }

  async publish(machine: PublishedMachine): Promise<void> {
    await (await this.#quota()).publish(machine);
  }

  async machines(planId: string): Promise<readonly SeenMachine[]> {
    return (await this.#quota()).machines(planId);
  }

  async usage(...range: Parameters<SharedQuota['usage']>): Promise<readonly SharedUsageSum[]> {
    return (await this.#quota()).usage(...range);
  }

  onNotice(listener: (notice: SharedNotice) => void): () => void {
    return this.#notices.add(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const quota = await this.#opened?.catch(() => undefined);
    await quota?.close();
  }

  #quota(): Promise<SharedQuota> {
    if (this.#isClosed) return Promise.reject(new SharedQuotaError('away', 'The shared ledger is closed.'));
    this.#opened ??= this.#begin();
    return this.#opened;
  }

  async #begin(): Promise<SharedQuota> {
    try {
      const quota = await this.#open();
      quota.onNotice(this.#notices.tell);
      return quota;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }
}
