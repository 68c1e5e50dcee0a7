import assert from 'node:assert/strict';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { SharedQuotaError, type SharedQuota } from '../../../src/core/sharedQuota.ts';
import { amounts, FakeMachine } from './fakeMachine.ts';

const set = { requestsPerMinute: 60, tokensPerMinute: 6000, slots: 3 };

describe('leases in PostgreSQL', function () {
  this.timeout(60_000);
  let database: SharedDatabase;
  let quota: SharedQuota;

  beforeEach(async () => {
    database = await SharedDatabase.make();
    quota = database.open();
  });
  afterEach(() => database.close());

  const machine = (id: string, options = {}): FakeMachine => new FakeMachine(quota, id, { set, ...options });

  it('grants what is needed and wanted, and never more than is left', async () => {
    const [a, b] = [machine('a'), machine('b')];
    const first = await a.ask(
      { requestsPerMinute: 1, tokensPerMinute: 1000 },
      { requestsPerMinute: 50, tokensPerMinute: 5000 },
    );
    assert.deepEqual([first.granted.requestsPerMinute, first.granted.tokensPerMinute], [50, 5000]);
    assert.deepEqual(first.limits, set);
    assert.equal(a.last?.durationMs, 10_000);
    assert.equal(a.last.othersWait, false);
    const second = await b.ask(
      { requestsPerMinute: 1, tokensPerMinute: 1000 },
      { requestsPerMinute: 50, tokensPerMinute: 5000 },
    );
    assert.deepEqual([second.granted.requestsPerMinute, second.granted.tokensPerMinute], [10, 1000]);
    assert.equal(second.leased.tokensPerMinute, 6000);
    assert.equal(b.last?.askAgainAfterMs, undefined);
  });

  it('grants needs whole or not at all, and says when to come again', async () => {
    const [a, b] = [machine('a'), machine('b')];
    await a.ask({ requestsPerMinute: 1, tokensPerMinute: 5500 });
    a.use({ requestsPerMinute: 1, tokensPerMinute: 5500 });
    await a.ask();
    const grant = await b.ask({ requestsPerMinute: 1, tokensPerMinute: 1000 });
    assert.deepEqual([grant.granted.requestsPerMinute, grant.granted.tokensPerMinute], [0, 0]);
    // 500 are lacking, and 100 come back in a second.
    assert.equal(b.last?.askAgainAfterMs, 5000);
    await database.advance(5000);
    assert.equal((await b.ask({ requestsPerMinute: 1, tokensPerMinute: 1000 })).granted.tokensPerMinute, 1000);
  });

  it('counts what is consumed as used from then on, and refills it within a minute', async () => {
    const a = machine('a');
    await a.ask({ tokensPerMinute: 6000 });
    await database.advance(5000);
    // Nothing refills while it is leased.
    assert.equal((await a.ask({ tokensPerMinute: 1 })).granted.tokensPerMinute, 6000);
    a.use({ tokensPerMinute: 6000 });
    const used = await a.ask();
    assert.deepEqual([used.used.tokensPerMinute, used.leased.tokensPerMinute], [6000, 0]);
    await database.advance(5000);
    assert.equal((await a.ask()).used.tokensPerMinute, 5500);
  });

  it('does nothing twice: calls that are repeated, lost or late', async () => {
    const a = machine('a');
    await a.ask({ tokensPerMinute: 1000 });
    a.use({ tokensPerMinute: 400 });
    a.giveBack({ tokensPerMinute: 100 });
    for (let time = 0; time < 3; time += 1) {
      const { used, leased } = await a.ask({}, {}, time !== 1);
      assert.deepEqual([used.tokensPerMinute, leased.tokensPerMinute], [400, 500]);
    }
    // An ask of before is overtaken by those above.
    const late = new FakeMachine(quota, 'a', { set });
    late.epoch = a.epoch;
    const { used, leased, granted } = await late.ask();
    assert.deepEqual([used.tokensPerMinute, leased.tokensPerMinute, granted.tokensPerMinute], [400, 500, 1000]);
  });

  it('hands an answer that was lost out again', async () => {
    const a = machine('a');
    await a.ask({ tokensPerMinute: 1000 }, {}, false);
    assert.equal(a.epoch, undefined);
    const { granted } = await a.ask();
    assert.equal(granted.tokensPerMinute, 1000);
    assert.equal(a.epoch, 1);
  });

  it('gives back what is returned at once', async () => {
    const [a, b] = [machine('a'), machine('b')];
    await a.ask({ tokensPerMinute: 6000 });
    a.giveBack({ tokensPerMinute: 5000 });
    await a.ask();
    assert.equal((await b.ask({ tokensPerMinute: 5000 })).granted.tokensPerMinute, 5000);
  });

  it('covers what was promised, even beyond the limit', async () => {
    const a = machine('a');
    a.hold({ tokensPerMinute: 7000 });
    a.use({ tokensPerMinute: 500 });
    const { granted, leased, used } = await a.ask({ requestsPerMinute: 1 });
    // A machine that is seen first has used what it used elsewhere.
    assert.deepEqual([granted.tokensPerMinute, leased.tokensPerMinute, used.tokensPerMinute], [7500, 7000, 0]);
  });

  it('ends a lease by the database’s clock: what was leased counts as used', async () => {
    const [a, b] = [machine('a'), machine('b')];
    await a.ask({ tokensPerMinute: 6000, slots: 2 });
    await database.advance(9999);
    assert.equal((await b.ask()).leased.tokensPerMinute, 6000);
    await database.advance(1);
    const { leased, used } = await b.ask({ slots: 3 });
    assert.deepEqual([leased.tokensPerMinute, used.tokensPerMinute, leased.slots], [0, 6000, 3]);
    a.use({ tokensPerMinute: 6000 });
    a.hold({ tokensPerMinute: 200 });
    const back = await a.ask();
    assert.equal(a.epoch, 2);
    assert.deepEqual([back.granted.tokensPerMinute, back.leased.tokensPerMinute], [6200, 200]);
    // The upstream never held more than its limit.
    assert.equal(back.used.tokensPerMinute, 6000);
  });

  it('renews a lease with every call', async () => {
    const a = machine('a');
    await a.ask({ tokensPerMinute: 6000 });
    for (let time = 0; time < 4; time += 1) {
      await database.advance(6000);
      assert.equal((await a.ask()).leased.tokensPerMinute, 6000);
    }
    assert.equal(a.epoch, 1);
  });

  it('begins a new epoch for one that the database does not know', async () => {
    const a = machine('a');
    a.epoch = 7;
    a.use({ tokensPerMinute: 100 });
    a.hold({ tokensPerMinute: 50 });
    a.giveBack({ tokensPerMinute: 1000 });
    assert.equal((await a.ask()).granted.tokensPerMinute, 150);
    assert.equal(a.epoch, 8);
  });

  it('keeps slots of those that hold them, and hands out no more than there are', async () => {
    const machines = ['a', 'b', 'c'].map((id) => machine(id));
    const [a, b, c] = machines as [FakeMachine, FakeMachine, FakeMachine];
    assert.equal((await a.ask({ slots: 1 }, { slots: 2 })).granted.slots, 2);
    a.hold({ slots: 2 });
    assert.equal((await b.ask({ slots: 1 }, { slots: 2 })).granted.slots, 1);
    assert.equal((await c.ask({ slots: 1 })).granted.slots, 0);
    assert.equal(c.last?.askAgainAfterMs, undefined);
    a.held = amounts({ slots: 1 });
    a.giveBack({ slots: 1 });
    await a.ask({ slots: 1 });
    // Who has fewest is first.
    assert.equal(a.room('slots'), 0);
    assert.equal((await c.ask({ slots: 1 })).granted.slots, 1);
  });

  it('gives those slots that there are, where more are needed', async () => {
    const a = machine('a');
    assert.equal((await a.ask({ slots: 5 })).granted.slots, 3);
    assert.equal((await a.ask({ slots: 2 })).granted.slots, 3);
    assert.equal((await machine('b').ask({ slots: 2 })).granted.slots, 0);
  });

  it('counts the tokens of a day for each machine’s day', async () => {
    const daily = { set: { tokensPerDay: 1000 } };
    const [a, b] = [machine('a', daily), machine('b', daily)];
    a.consumed = amounts({ tokensPerDay: 300 });
    const first = await a.ask({ tokensPerDay: 200 });
    assert.deepEqual([first.used.tokensPerDay, first.leased.tokensPerDay], [300, 200]);
    assert.equal((await b.ask({ tokensPerDay: 501 })).granted.tokensPerDay, 0);
    assert.equal(b.last?.askAgainAfterMs, undefined);
    assert.equal((await b.ask({ tokensPerDay: 500 })).granted.tokensPerDay, 500);
    b.dayKey = '2026-05-06';
    b.consumed = amounts();
    b.returned = amounts();
    const next = await b.ask({ tokensPerDay: 1000 });
    assert.deepEqual([next.granted.tokensPerDay, next.used.tokensPerDay], [1000, 0]);
    // What an ended lease may have used counts, until its machine says how it was.
    await database.advance(10_000);
    assert.equal((await machine('c', daily).ask()).used.tokensPerDay, 500);
    assert.equal((await a.ask()).used.tokensPerDay, 300);
  });

  it('lets no machine open another day than today', async () => {
    for (const dayKey of ['2026-05-07', '2026-05-03', '2027-01-01', 'tomorrow']) {
      await assert.rejects(machine('a', { dayKey }).ask(), (error: unknown) => {
        return error instanceof SharedQuotaError && error.kind === 'refused';
      });
    }
    await machine('a', { dayKey: '2026-05-04' }).ask();
    await machine('b', { dayKey: '2026-05-06' }).ask();
  });

  it('takes the smallest limit that machines set where the owner has set none, and else the owner’s', async () => {
    const [a, b] = [machine('a', { set: { tokensPerMinute: 6000 } }), machine('b', { set: { tokensPerMinute: 500 } })];
    assert.equal((await a.ask()).limits.tokensPerMinute, 6000);
    await b.ask();
    assert.equal((await a.ask()).limits.tokensPerMinute, 500);
    await database.admin.query(`UPDATE agent_quota.scope SET set_limits = '{"tokensPerMinute": 800}'`);
    assert.equal((await a.ask()).limits.tokensPerMinute, 800);
    // Of a machine that is gone nothing holds.
    await database.admin.query(`UPDATE agent_quota.scope SET set_limits = '{}'`);
    await database.advance(5000);
    await a.ask();
    await database.advance(5000);
    assert.equal((await a.ask()).limits.tokensPerMinute, 6000);
  });

  it('survives a clock that is set back', async () => {
    const a = machine('a');
    await a.ask({ tokensPerMinute: 3000 });
    await database.advance(-3_600_000);
    a.use({ tokensPerMinute: 3000 });
    await a.ask();
    await database.advance(9000);
    assert.equal((await a.ask()).used.tokensPerMinute, 2100);
    await database.advance(10_000);
    await machine('b').ask();
    assert.equal((await a.ask()).leased.tokensPerMinute, 0);
    assert.equal(a.epoch, 2);
  });
});
