import assert from 'node:assert/strict';
import type { SharedQuota } from '../../../src/core/sharedQuota.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { report } from '../ledger/reports.ts';
import { amounts, FakeMachine } from './fakeMachine.ts';

const set = { tokensPerMinute: 6000 };

describe('leases in PostgreSQL that have ended', function () {
  this.timeout(60_000);
  let database: SharedDatabase;
  let quota: SharedQuota;

  before(async () => {
    database = await SharedDatabase.make();
  });
  beforeEach(async () => {
    await database.empty(Date.UTC(2026, 4, 5, 12));
    quota = database.open();
  });
  afterEach(() => quota.close());
  after(() => database.close());

  const machine = (id: string, options = {}): FakeMachine => new FakeMachine(quota, id, { set, ...options });
  /** Used and leased by all machines. */
  const seenBy = async (one: FakeMachine): Promise<[number, number]> => {
    const { used, leased } = await one.ask();
    return [used.tokensPerMinute, leased.tokensPerMinute];
  };

  it('count once: what was presumed is not counted again when it is told, and the rest comes back', async () => {
    const [a, b] = [machine('a'), machine('b')];
    await a.ask({ tokensPerMinute: 6000 });
    a.use({ tokensPerMinute: 2000 });
    await database.advance(10_000);
    assert.deepEqual(await seenBy(b), [6000, 0]);
    assert.deepEqual(await seenBy(a), [6000, 0]);
    assert.equal(a.epoch, 2);
    assert.deepEqual(await seenBy(a), [2000, 0]);
    assert.deepEqual(await seenBy(a), [2000, 0]);
    assert.equal((await b.ask({ tokensPerMinute: 4000 })).granted.tokensPerMinute, 4000);
  });

  it('count once though part of it has refilled', async () => {
    const [a, b] = [machine('a'), machine('b')];
    await a.ask({ tokensPerMinute: 6000 });
    a.use({ tokensPerMinute: 5000 });
    await database.advance(10_000);
    await b.ask();
    await database.advance(9000);
    assert.deepEqual(await seenBy(b), [5100, 0]);
    await database.advance(9000);
    // What has refilled may have been used a moment ago: 4200 are left, and 5000 are told.
    assert.deepEqual(await seenBy(a), [5000, 0]);
    assert.deepEqual(await seenBy(a), [5000, 0]);
  });

  it('give nothing back for an ask that is late', async () => {
    const [a, late] = [machine('a'), machine('a')];
    await a.ask({ tokensPerMinute: 6000 });
    late.epoch = a.epoch;
    a.use({ tokensPerMinute: 3000 });
    await database.advance(10_000);
    for (let time = 0; time < 2; time += 1) {
      const { used } = await late.ask({}, {}, false);
      assert.equal(used.tokensPerMinute, 6000);
    }
    assert.deepEqual(await seenBy(a), [6000, 0]);
    assert.deepEqual(await seenBy(a), [3000, 0]);
  });

  it('count what is still promised as leased', async () => {
    const a = machine('a');
    await a.ask({ tokensPerMinute: 6000 });
    a.hold({ tokensPerMinute: 1000 });
    await database.advance(10_000);
    assert.deepEqual(await seenBy(a), [6000, 1000]);
    assert.deepEqual(await seenBy(a), [0, 1000]);
    a.held = amounts();
    a.use({ tokensPerMinute: 1000 });
    assert.deepEqual(await seenBy(a), [1000, 0]);
  });

  it('count by the limits that held, when no machine is left that has set them', async () => {
    await machine('a').ask({ tokensPerMinute: 6000 });
    await database.advance(10_000);
    await machine('elsewhere', { scopeId: 'plan/agent/x' }).ask();
    await quota.observe('plan', 'plan', report({ retryAfterMs: 1000 }));
    assert.deepEqual(await seenBy(machine('b')), [6000, 0]);
  });
});
