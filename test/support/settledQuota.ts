import type { SharedQuota } from '../../src/core/sharedQuota.ts';

/** A shared quota of which a test knows when nothing is under way. */
export interface SettledQuota {
  readonly quota: SharedQuota;
  /** Resolves when every call that was made has been answered, those that nobody waits for included. */
  settled(): Promise<void>;
}

/** @param ready is waited for before each call. */
export function settledQuota(shared: SharedQuota, ready: () => Promise<void>): SettledQuota {
  const underWay = new Set<Promise<unknown>>();
  const follow = async <T>(work: () => Promise<T>): Promise<T> => {
    const call = ready().then(work);
    underWay.add(call);
    try {
      return await call;
    } finally {
      underWay.delete(call);
    }
  };
  const quota: SharedQuota = {
    renew: (ask) => follow(() => shared.renew(ask)),
    observe: (...report) => follow(() => shared.observe(...report)),
    deliver: (batch) => follow(() => shared.deliver(batch)),
    publish: (machine) => follow(() => shared.publish(machine)),
    machines: (planId) => follow(() => shared.machines(planId)),
    usage: (...range) => follow(() => shared.usage(...range)),
    onNotice: (listener) => shared.onNotice(listener),
    close: () => shared.close(),
  };
  return {
    quota,
    settled: async () => {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}
