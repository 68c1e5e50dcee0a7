import assert from 'node:assert/strict';
import type { SharedQuota } from '../../../src/core/sharedQuota.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { report } from '../ledger/reports.ts';
import { amounts, FakeMachine } from './fakeMachine.ts';

const dayMs = 86_400_000;

describe('what is told late, or of before, in PostgreSQL', function () {
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
  after(() => database.close());

  /** An ask of the machine as it is now, to be sent later. */
  const copyOf = (machine: FakeMachine, id: string, set: object): FakeMachine => {
    const copy = new FakeMachine(quota, id, { set });
    copy.epoch = machine.epoch;
    copy.granted = machine.granted;
    copy.held = machine.held;
    copy.consumed = machine.consumed;
    copy.returned = machine.returned;
    return copy;
  };

  it('raises no grant by what an overtaken ask held', async () => {
    const set = { tokensPerMinute: 6000 };
    const machine = new FakeMachine(quota, 'a', { set });
    await machine.ask({ tokensPerMinute: 6000 });
    machine.hold({ tokensPerMinute: 6000 });
    const late = copyOf(machine, 'a', set);
    machine.held = amounts();
    machine.use({ tokensPerMinute: 6000 });
    await machine.ask();
    await late.ask();
    const grant = await machine.ask();
    assert.deepEqual([grant.granted.tokensPerMinute, grant.leased.tokensPerMinute], [6000, 0]);
    assert.equal(machine.room('tokensPerMinute'), 0);
  });

  it('leaves slots where they are, whatever an overtaken ask held', async () => {
    const set = { slots: 2 };
    const [one, other] = [new FakeMachine(quota, 'one', { set }), new FakeMachine(quota, 'other', { set })];
    await one.ask({ slots: 2 });
    one.hold({ slots: 2 });
    const late = copyOf(one, 'one', set);
    one.held = amounts();
    one.giveBack({ slots: 2 });
    await one.ask();
    await other.ask({ slots: 2 });
    await late.ask({}, {}, false);
    const grant = await one.ask();
    assert.equal(grant.leased.slots, 2);
    assert.deepEqual([one.room('slots'), other.room('slots')], [0, 2]);
  });

  it('gives a machine whose own record is that of before no more than the limit', async () => {
    const set = { tokensPerMinute: 6000 };
    const machine = new FakeMachine(quota, 'a', { set });
    for (let minute = 0; minute < 3; minute += 1) {
      await machine.ask({ tokensPerMinute: 6000 });
      machine.use({ tokensPerMinute: 6000 });
      for (let part = 0; part < 8; part += 1) {
        await machine.ask();
        await database.advance(9000);
      }
    }
    await database.advance(600_000);
    const restored = new FakeMachine(quota, 'a', { set });
    restored.epoch = 1;
    restored.consumed = amounts({ tokensPerMinute: 6000 });
    await restored.ask({ tokensPerMinute: 100 });
    assert.ok(restored.room('tokensPerMinute') <= 6000, `${restored.room('tokensPerMinute')}`);
  });

  it('pauses nobody for longer than a pause lasts, after the database’s clock was ahead', async () => {
    const machine = new FakeMachine(quota, 'a', { set: { tokensPerMinute: 6000 } });
    await machine.ask();
    await database.advance(dayMs);
    await quota.observe('plan', 'plan', report({ retryAfterMs: 5000, limited: true }));
    await quota.observe('plan', 'plan', report({ limited: true }));
    await database.advance(-dayMs);
    const grant = await machine.ask();
    assert.ok(grant.pausedForMs <= 600_000, `${grant.pausedForMs}`);
    await database.advance(700_000);
    const later = await machine.ask();
    assert.deepEqual([later.pausedForMs, later.limits.tokensPerMinute], [0, 6000]);
  });

  it('keeps nothing but the epoch of machines that were last there long ago', async () => {
    const set = { tokensPerMinute: 6000, slots: 2 };
    const gone = new FakeMachine(quota, 'gone', { set });
    await gone.ask({ tokensPerMinute: 100, slots: 1 });
    gone.use({ tokensPerMinute: 100 });
    await gone.ask();
    const kept = async (): Promise<number> =>
      (await database.admin.query("SELECT FROM agent_quota.part WHERE machine_id = 'gone'")).rowCount ?? 0;
    await database.advance(6 * dayMs);
    await new FakeMachine(quota, 'second', { set, dayKey: '2026-05-11' }).ask();
    assert.ok((await kept()) > 0);
    await database.advance(2 * dayMs);
    await new FakeMachine(quota, 'third', { set, dayKey: '2026-05-13' }).ask();
    assert.equal(await kept(), 0);
    const back = new FakeMachine(quota, 'gone', { set, dayKey: '2026-05-13' });
    back.epoch = gone.epoch;
    back.consumed = gone.consumed;
    const grant = await back.ask({ tokensPerMinute: 1000, slots: 1 });
    assert.deepEqual([back.room('tokensPerMinute'), grant.leased.slots], [1000, 1]);
    assert.ok((back.epoch ?? 0) > (gone.epoch ?? 0));
  });
});
