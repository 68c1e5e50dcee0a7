import type { SharedQuota } from '../../src/core/sharedQuota.ts';

/** Counts calls of the database by name. */
export class CallCounts {
  #counts: Record<string, number> = {};

  add(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
  }

  /** @returns the counts since the last time. */
  take(): Readonly<Record<string, number>> {
    const taken = this.#counts;
    this.#counts = {};
    return taken;
  }

  /** The same shared quota, with its calls counted. */
  of(quota: SharedQuota): SharedQuota {
    const counted = <A extends readonly unknown[], R>(name: string, call: (...args: A) => R) => {
      return (...args: A): R => {
        this.add(name);
        return call(...args);
      };
    };
    return {
      renew: counted('renew', (ask) => quota.renew(ask)),
      observe: counted('observe', (...report) => quota.observe(...report)),
      deliver: counted('deliver', (batch) => quota.deliver(batch)),
      publish: counted('publish', (machine) => quota.publish(machine)),
      machines: counted('machines', (planId) => quota.machines(planId)),
      usage: counted('usage', (...range) => quota.usage(...range)),
      onNotice: (listener) => quota.onNotice(listener),
      close: () => quota.close(),
    };
  }
}
