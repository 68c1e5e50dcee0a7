import assert from 'node:assert/strict';
import type { SharedQuota } from '../../../src/core/sharedQuota.ts';
import { SharedDatabase } from '../../support/sharedDatabase.ts';
import { FakeMachine } from './fakeMachine.ts';

const perMinute = 6000;
const requestTokens = 100;

/** What a machine does in a run: how often it calls, in steps, and how many requests come in each step. */
interface Plan {
  readonly weight?: number;
  readonly every?: number;
  readonly arrives: (step: number) => number;
}

describe('shares of machines in PostgreSQL', function () {
  this.timeout(120_000);
  let database: SharedDatabase;
  let quota: SharedQuota;

  beforeEach(async () => {
    database = await SharedDatabase.make();
    quota = database.open();
  });
  afterEach(() => database.close());

  /** Machines ask and use for a while, half a second a step. @returns the tokens of each, of steps from `from` on. */
  async function used(plans: readonly Plan[], steps: number, from = 0): Promise<number[]> {
    const machines = plans.map(
      ({ weight = 1 }, index) => new FakeMachine(quota, `m${index}`, { set: { tokensPerMinute: perMinute }, weight }),
    );
    const waiting = plans.map(() => 0);
    const sums = plans.map(() => 0);
    for (let step = 0; step < steps; step += 1) {
      for (const [index, plan] of plans.entries()) {
        const machine = machines[index];
        const waits = Math.min(40, (waiting[index] ?? 0) + plan.arrives(step));
        waiting[index] = waits;
        if (machine === undefined || step % (plan.every ?? 1) !== 0) continue;
        const uses = await turn(machine, waits);
        waiting[index] = waits - uses;
        if (step >= from) sums[index] = (sums[index] ?? 0) + uses * requestTokens;
      }
      await database.advance(500);
    }
    return sums;
  }

  /** One call of a machine with so many waiting requests, which are answered by its next. @returns how many of them it makes. */
  async function turn(machine: FakeMachine, waits: number): Promise<number> {
    if (waits === 0) {
      machine.settle();
      machine.giveBack({ tokensPerMinute: machine.room('tokensPerMinute') });
      await machine.ask();
      return 0;
    }
    const room = machine.room('tokensPerMinute');
    const needs = Math.max(0, requestTokens - room);
    await machine.ask({ tokensPerMinute: needs }, { tokensPerMinute: Math.max(needs, waits * requestTokens - room) });
    machine.settle();
    const uses = Math.min(waits, Math.floor(machine.room('tokensPerMinute') / requestTokens));
    machine.hold({ tokensPerMinute: uses * requestTokens });
    return uses;
  }

  const jain = (shares: readonly number[]): number =>
    shares.reduce((sum, one) => sum + one, 0) ** 2 / (shares.length * shares.reduce((sum, one) => sum + one ** 2, 0));

  it('are even however often a machine calls, and all of the limit is used', async () => {
    const always = (): number => 20;
    const sums = await used(
      [{ arrives: always }, { arrives: always, every: 4 }, { arrives: always, every: 3 }],
      240,
      60,
    );
    const whole = (perMinute / 120) * 180;
    assert.ok(jain(sums) > 0.98, JSON.stringify(sums));
    const sum = sums.reduce((a, b) => a + b);
    assert.ok(sum > whole * 0.95 && sum <= whole + perMinute, JSON.stringify({ sums, whole }));
  });

  it('are by weight, and what one leaves goes to the others', async () => {
    // At first nobody knows of the others, and who then had more than its part waits.
    const always = (): number => 30;
    const sums = await used(
      [
        { arrives: always, weight: 3 },
        { arrives: always, weight: 1 },
        { arrives: (step) => (step % 16 === 0 ? 1 : 0) },
      ],
      420,
      220,
    );
    const [three = 0, one = 0, little = 0] = sums;
    // 12 requests of 100 tokens, where its part would be 2000.
    assert.ok(little >= 1200, JSON.stringify(sums));
    assert.ok(Math.abs(three / one - 3) < 0.3, JSON.stringify(sums));
    assert.ok(one + three + little > (perMinute / 120) * 200 * 0.95, JSON.stringify(sums));
  });

  it('follow demand that jumps from one machine to another', async () => {
    const turns = (mine: number) => (step: number) => (Math.floor(step / 20) % 3 === mine ? 40 : 0);
    const sums = await used([{ arrives: turns(0) }, { arrives: turns(1) }, { arrives: turns(2) }], 240, 60);
    const whole = (perMinute / 120) * 180;
    const sum = sums.reduce((a, b) => a + b);
    assert.ok(sum >= whole * 0.9, JSON.stringify({ sums, whole }));
    assert.ok(jain(sums) > 0.97, JSON.stringify(sums));
  });

  it('let nobody save up: one that comes late begins where the others are', async () => {
    const sums = await used([{ arrives: () => 20 }, { arrives: (step) => (step < 120 ? 0 : 20) }], 240, 120);
    assert.ok(jain(sums) > 0.97, JSON.stringify(sums));
  });

  it('do not let wait who had more while nobody had to wait', async () => {
    const sums = await used(
      [{ arrives: (step) => (step < 10 ? 4 : 20) }, { arrives: (step) => (step < 10 ? 0.3 : 20) }],
      70,
      20,
    );
    assert.ok(jain(sums) > 0.97, JSON.stringify(sums));
  });

  it('do not count what lies leased where nobody is at work: who is level with that would wait for all others', async () => {
    const machine = (id: string, weight: number): FakeMachine =>
      new FakeMachine(quota, id, { set: { tokensPerMinute: perMinute }, weight });
    const idle = machine('idle', 20);
    await idle.ask({}, { tokensPerMinute: perMinute / 3 });
    const pair = [machine('one', 20), machine('two', 20)] as const;
    const [, wanting] = pair;
    await wanting.ask({}, { tokensPerMinute: perMinute });
    wanting.use({ tokensPerMinute: wanting.room('tokensPerMinute') });
    await wanting.ask({}, { tokensPerMinute: perMinute });
    // It has been started again, and none of its sessions is at work.
    idle.weight = 1;
    await idle.ask();
    await idle.ask();
    const sums = [0, 0];
    for (let step = 0; step < 60; step += 1) {
      for (const [index, one] of pair.entries()) sums[index] = (sums[index] ?? 0) + (await turn(one, 3));
      await database.advance(500);
    }
    assert.ok(jain(sums) > 0.97, JSON.stringify(sums));
  });

  it('are small while others wait: who has much lets all go that wait there, whoever’s turn it is', async () => {
    const [holder, other, third] = ['holder', 'other', 'third'].map(
      (id) => new FakeMachine(quota, id, { set: { tokensPerMinute: perMinute } }),
    );
    assert.ok(holder !== undefined && other !== undefined && third !== undefined);
    await holder.ask({ tokensPerMinute: perMinute }, { tokensPerMinute: perMinute });
    await other.ask({ tokensPerMinute: 100 });
    await third.ask({ tokensPerMinute: 100 });
    holder.giveBack({ tokensPerMinute: perMinute });
    await holder.ask();
    await other.ask({ tokensPerMinute: 100 }, { tokensPerMinute: 3000 });
    assert.equal(other.room('tokensPerMinute'), 100, 'the third waits');
    await third.ask({ tokensPerMinute: 100 }, { tokensPerMinute: 3000 });
    assert.ok(third.room('tokensPerMinute') > 1000, 'nobody waits any more');
  });

  it('give a big request its turn among small ones', async () => {
    const small = new FakeMachine(quota, 'small', { set: { tokensPerMinute: 1000 } });
    const big = new FakeMachine(quota, 'big', { set: { tokensPerMinute: 1000 } });
    let turns = 0;
    for (let step = 0; step < 620 && turns < 3; step += 1) {
      await small.ask({ tokensPerMinute: 50 }, { tokensPerMinute: 200 });
      small.use({ tokensPerMinute: Math.max(0, small.room('tokensPerMinute')) });
      await big.ask({ tokensPerMinute: 900 });
      if (big.room('tokensPerMinute') >= 900) {
        turns += 1;
        big.use({ tokensPerMinute: 900 });
      }
      await database.advance(500);
    }
    assert.equal(turns, 3);
  });

  it('tell those who wait that something came back, and no others', async () => {
    const set = { slots: 1 };
    const [a, b] = [new FakeMachine(quota, 'a', { set }), new FakeMachine(database.open(), 'b', { set })];
    const other = database.open();
    const c = new FakeMachine(other, 'c', { set });
    await a.ask({ slots: 1 });
    const waits = database.open();
    const told = new Promise<void>((resolve) => {
      waits.onNotice(({ kind, ...notice }) => {
        if (kind === 'room' && 'planId' in notice && notice.planId === 'plan') resolve();
      });
    });
    let others = 0;
    other.onNotice(({ kind }) => {
      if (kind === 'room') others += 1;
    });
    await new FakeMachine(waits, 'b', { set }).ask({ slots: 1 });
    await c.ask();
    assert.equal(a.room('slots'), 1);
    // Whoever listens only now would miss it.
    const listening = `SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'LISTEN %' AND state = 'idle'`;
    const machines = [a, c, waits].length;
    while ((await database.admin.query(listening)).rowCount !== machines) {
      await new Promise((done) => setTimeout(done, 20));
    }
    a.giveBack({ slots: 1 });
    await a.ask();
    await told;
    b.epoch = undefined;
    assert.equal((await b.ask({ slots: 1 })).granted.slots, 1);
    assert.equal(others, 0);
  });
});
