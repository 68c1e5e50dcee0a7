import assert from 'node:assert/strict';
import type { Plan } from '../../../src/core/plan.ts';
import type { LeaseLimits } from '../../../src/core/sharedQuota.ts';
import type { LeasedLedger } from '../../../src/ledger/leasedLedger.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { MachineClock } from '../../fakes/machineClock.ts';
import { MemorySharedQuota } from '../../fakes/memorySharedQuota.ts';
import { leasedLedger } from './leasedTester.ts';
import { LedgerTester } from './ledgerTester.ts';

const goesOn = { kind: 'safe-share', forMs: 60_000 } as const;

/** Two machines of one plan, each with settings of its own. */
export class TwoMachines {
  readonly clock = new MachineClock();
  readonly quota: MemorySharedQuota;
  readonly #ledgers: readonly LeasedLedger[];
  readonly here: LedgerTester;
  readonly there: LedgerTester;

  constructor(here: Plan, there: Plan, owner: LeaseLimits = {}) {
    this.quota = new MemorySharedQuota(() => this.clock.now());
    this.quota.owner.set(here.kind, owner);
    const testers = [here, there].map((plan, index) => {
      const ledger = leasedLedger(new MemoryStore(), this.quota.connect(), this.clock, goesOn);
      return { ledger, tester: new LedgerTester(ledger, plan, `machine ${index} `) };
    });
    this.#ledgers = testers.map(({ ledger }) => ledger);
    const [first, second] = testers.map(({ tester }) => tester);
    assert.ok(first && second);
    [this.here, this.there] = [first, second];
  }

  /** Lets each machine know what the others have, as one does whose numbers are looked at. */
  async look(): Promise<void> {
    for (let second = 0; second < 12; second += 1) {
      for (const tester of [this.here, this.there]) await tester.view();
      await this.clock.advance(1000);
      for (const tester of [this.here, this.there]) tester.now = this.clock.now();
    }
  }

  /** The shared ledger is away for longer than the leases last. */
  async loseDatabase(): Promise<void> {
    this.quota.isAway = true;
    await this.here.view();
    await this.clock.advance(20_000);
    this.here.now = this.clock.now();
  }

  async close(): Promise<void> {
    for (const ledger of this.#ledgers) await ledger.close();
  }
}
