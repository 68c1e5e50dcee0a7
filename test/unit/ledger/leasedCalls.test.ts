import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { SharedQuotaError, type SharedNotice, type SharedQuota } from '../../../src/core/sharedQuota.ts';
import type { LeasedLedger } from '../../../src/ledger/leasedLedger.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { MachineClock } from '../../fakes/machineClock.ts';
import { MemorySharedQuota } from '../../fakes/memorySharedQuota.ts';
import { leasedLedger } from './leasedTester.ts';
import { LedgerTester } from './ledgerTester.ts';

describe('calls of a ledger that leases', () => {
  let clock: MachineClock;
  let ledger: LeasedLedger;
  let tester: LedgerTester;
  /** Asks that are not answered until the test says so; undefined while all are answered at once. */
  let held: (() => void)[] | undefined;
  let isAway: boolean;
  let asks: number;
  let looks: number;
  let tell: (notice: SharedNotice) => void;

  beforeEach(() => {
    clock = new MachineClock();
    held = undefined;
    isAway = false;
    asks = looks = 0;
    const quota = new MemorySharedQuota(() => clock.now()).connect();
    const shared: SharedQuota = {
      ...quota,
      renew: async (ask) => {
        asks += 1;
        if (isAway) throw new SharedQuotaError('away', 'The database cannot be reached.');
        if (held !== undefined) await new Promise<void>((resolve) => held?.push(resolve));
        return quota.renew(ask);
      },
      machines: (planId) => {
        looks += 1;
        return quota.machines(planId);
      },
      onNotice: (listener) => {
        tell = listener;
        return quota.onNotice(listener);
      },
    };
    ledger = leasedLedger(new MemoryStore(), shared, clock);
    tester = new LedgerTester(ledger, apiKeyPlan({ tokensPerMinute: 6000, concurrentAgents: 4 }));
  });
  afterEach(() => {
    answerAll();
    return ledger.close();
  });

  function answerAll(): void {
    const answers = held ?? [];
    held = undefined;
    for (const answer of answers) answer();
  }

  /** Whether something is done before any time passes. */
  async function isDoneNow(work: Promise<unknown>): Promise<boolean> {
    let isDone = false;
    void work.then(() => (isDone = true));
    await settled();
    return isDone;
  }

  it('of a request that is decided do not wait for what others in line lack', async () => {
    const [a, ended] = [await tester.opened('a'), await tester.opened('b')];
    await ledger.endSession(ended, 'released', tester.now);
    await settled();
    held = [];
    const first = tester.ask(a, { input: 3000 });
    assert.equal(await isDoneNow(first), false, 'who lacks it waits a while');
    await clock.advance(1000);
    const { id, state } = await first;
    assert.equal(state, 'waiting');
    const second = tester.ask(ended, { input: 10 });
    assert.equal(await isDoneNow(second), true);
    assert.equal((await second).state, 'gone');
    const line = tester.run();
    assert.equal(await isDoneNow(line), false, 'the line itself waits');
    answerAll();
    await settled();
    assert.ok((await line).decided.has(id));
  });

  it('let those go whom an answer helps before what they were given is given back', async () => {
    const [a, b] = [await tester.opened('a'), await tester.opened('b')];
    await settled();
    held = [];
    const first = tester.ask(a, { input: 3000 });
    await clock.advance(1000);
    assert.equal((await first).state, 'waiting');
    // It lacks what is asked for already, so the next call follows at once upon the answer.
    const second = tester.ask(b, { input: 3500 });
    await settled();
    const [answer] = held;
    held = [];
    answer?.();
    await settled();
    assert.equal(held.length, 1, 'the next call is under way');
    assert.ok((await tester.used('tokensPerMinute')) >= 3000, 'the first holds what it was given');
    answerAll();
    await clock.advance(1000);
    await second;
  });

  it('of a request that is decided ask in the background for what others lack', async () => {
    const [a, ended] = [await tester.opened('a'), await tester.opened('b')];
    await ledger.endSession(ended, 'released', tester.now);
    await settled();
    isAway = true;
    assert.equal((await tester.ask(a, { input: 3000 })).state, 'waiting');
    isAway = false;
    tester.now += 60_000;
    clock.set(tester.now);
    const before = asks;
    assert.equal((await tester.ask(ended, { input: 10 })).state, 'gone');
    await settled();
    assert.equal(asks - before, 1);
  });

  it('look at other machines when one has changed, but only while somebody looks at the numbers', async () => {
    const { planId } = tester.terms;
    const changed = async (): Promise<number> => {
      const before = looks;
      tell({ kind: 'machines', planId });
      await clock.advance(1000);
      return looks - before;
    };
    await tester.opened('a');
    assert.equal(await changed(), 0, 'nobody has looked yet');
    await tester.view();
    await clock.advance(1000);
    assert.equal(await changed(), 1);
    await clock.advance(30_000);
    assert.equal(await changed(), 0, 'nobody looks any more');
  });

  it('ask for the numbers that go with what others show, twice a second at most, while somebody looks', async () => {
    const { planId } = tester.terms;
    await tester.opened('a');
    await tester.view();
    await clock.advance(600);
    const before = asks;
    for (let change = 0; change < 40; change += 1) {
      tell({ kind: 'machines', planId });
      await clock.advance(50);
    }
    // Beside those that are made anyway, one in two and a half seconds.
    assert.ok(asks - before >= 4 && asks - before <= 6, `${asks - before} asks in two seconds`);
    await clock.advance(40_000);
    const later = asks;
    tell({ kind: 'machines', planId });
    await clock.advance(200);
    assert.equal(asks, later, 'nobody looks any more');
  });

  it('look at once for what was missed, though the last look was not long ago', async () => {
    const { planId } = tester.terms;
    await tester.view();
    await clock.advance(29_000);
    tell({ kind: 'machines', planId });
    await clock.advance(2000);
    const before = looks;
    tell({ kind: 'machines', planId });
    await clock.advance(2000);
    assert.equal(looks, before);
    await tester.view();
    await clock.advance(1);
    assert.equal(looks, before + 1);
    await tester.view();
    await clock.advance(1000);
    assert.equal(looks, before + 1, 'once');
  });
});
