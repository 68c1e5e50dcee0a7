import assert from 'node:assert/strict';
import { leaseAmounts, noLeaseAmounts } from '../../../src/core/lease.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { amountsOf, nothing } from '../../../src/core/rateLimits.ts';
import { LeaseBooks } from '../../../src/ledger/leaseBooks.ts';
import { newScope } from '../../../src/ledger/ledgerStore.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { ScopeBooks } from '../../../src/ledger/scopeBooks.ts';
import { report, reported } from './reports.ts';
import { terms } from './terms.ts';

describe('what the upstream says is used', () => {
  const now = 1_000_000;
  const tokens = (amount: number): ReturnType<typeof leaseAmounts> =>
    leaseAmounts((dimension) => (dimension === 'tokensPerMinute' ? amount : 0));

  /** What a machine counts as used of its 6,000 tokens after the upstream has said that so many are left. */
  function usedAfter(
    remaining: number,
    ofOthers: { readonly used: number; readonly leased: number },
    durationMs = 10_000,
  ): number {
    const store = new MemoryStore();
    const moment = { monotonic: now, wall: now };
    const leases = new LeaseBooks(store, { moment: () => moment, policy: () => ({ kind: 'wait' }) });
    store.putScope('ApiKey', {
      ...newScope,
      planLease: { epoch: 1, at: moment, durationMs, askAgainAt: 0, askedAt: now, othersWait: true },
      lease: {
        consumed: nothing,
        grant: {
          ...{ epoch: 1, dayKey: '2026-01-15', granted: tokens(1000), returned: noLeaseAmounts },
          ...{ limits: { tokensPerMinute: 6000 }, fairShare: tokens(3000), told: nothing, unmet: false },
          ...{ usedByOthers: tokens(ofOthers.used), leasedByOthers: tokens(ofOthers.leased), grantedAt: now },
          ...{ pace: nothing, pacedAt: now, paced: nothing, low: amountsOf(() => 0) },
        },
      },
    });
    const of = terms(apiKeyPlan({ tokensPerMinute: 6000 }));
    new ScopeBooks(store, leases).observe(report({ limits: [reported('tokensPerMinute', 6000, remaining)] }), of, now);
    return store.scope('ApiKey').buckets.tokensPerMinute.used;
  }

  it('holds up no machine by what others are known to have used or leased', () => {
    assert.equal(usedAfter(500, { used: 3000, leased: 1500 }), 500);
    assert.equal(usedAfter(500, { used: 4000, leased: 3000 }), 0);
  });

  it('counts all of it where the lease has ended: what others have used since is not known', () => {
    assert.equal(usedAfter(500, { used: 3000, leased: 1500 }, 0), 5000);
  });

  it('counts what nobody is known to have used', () => {
    assert.equal(usedAfter(500, { used: 0, leased: 0 }), 5000);
  });
});
