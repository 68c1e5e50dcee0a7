import assert from 'node:assert/strict';
import type { OpeningOutcome } from '../../../src/core/ledger.ts';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { settled } from '../../fakes/fakeClock.ts';
import { CoordinatorTester, works } from './coordinatorTester.ts';
import { watched } from './watched.ts';

/** A plan of one slot, which is taken. */
async function full(): Promise<{ tester: CoordinatorTester; held: string }> {
  const tester = new CoordinatorTester(apiKeyPlan({ concurrentAgents: 1 })).configure();
  const held = await tester.opened('holder');
  return { tester, held };
}

describe('waiting for a slot', () => {
  it('is not done by who does not want to, and says who holds the slots', async () => {
    const { tester } = await full();
    const auth = await tester.ask('a').promise;
    assert.ok(auth.kind === 'refused');
    assert.equal(auth.reason.code, 'no-slot');
    assert.match(auth.reason.message, /The plan’s one slot is taken \(holder\)/);
    assert.match(auth.reason.nextStep, /release an agent/);
    assert.deepEqual((await tester.manager.view()).line, []);
  });

  it('tells each caller its place, once for each place, and serves them in order', async () => {
    const { tester, held } = await full();
    const [a, b, c] = [tester.line('a'), tester.line('b'), tester.line('c')];
    await settled();
    assert.deepEqual([a.state, b.state, c.state], ['pending', 'pending', 'pending']);
    assert.deepEqual(tester.places, ['a is 1 behind holder', 'b is 2 behind holder', 'c is 3 behind holder']);
    tester.places.length = 0;
    await tester.coordinator.releaseSession(held);
    await settled();
    assert.deepEqual([a.state, b.state], ['resolved', 'pending']);
    assert.deepEqual(tester.places, ['b is 1 behind a', 'c is 2 behind a']);
    assert.deepEqual(await tester.states(), ['a active']);
    assert.equal(tester.clock.timers, 1, 'the keeper’s alone');
  });

  it('ends when the time is over, and leaves no place behind', async () => {
    const { tester, held } = await full();
    const a = tester.line('a', { waitMs: 5000 });
    const b = tester.line('b');
    await tester.clock.advance(4999);
    assert.equal(a.state, 'pending');
    await tester.clock.advance(1);
    const auth = await a.promise;
    assert.equal(auth.kind === 'refused' && auth.reason.code, 'no-slot');
    await tester.coordinator.releaseSession(held);
    await settled();
    assert.equal(b.state, 'resolved');
  });

  it('ends when it is given up, and leaves no place behind', async () => {
    const { tester, held } = await full();
    const [a, b] = [tester.line('a'), tester.line('b')];
    await settled();
    await tester.coordinator.giveUp(a.ticket);
    const auth = await a.promise;
    assert.equal(auth.kind === 'refused' && auth.reason.code, 'given-up');
    await tester.coordinator.releaseSession(held);
    await settled();
    assert.equal(b.state, 'resolved');
    await tester.coordinator.giveUp(b.ticket);
    assert.deepEqual(await tester.states(), ['b active'], 'to give up what was answered does nothing');
  });

  it('ends when its user starts the agent without quota, and then it takes no slot and no place', async () => {
    const { tester, held } = await full();
    const [a, b] = [tester.line('a'), tester.line('b')];
    await settled();
    await tester.coordinator.startWithoutQuota(a.ticket);
    const auth = await a.promise;
    assert.deepEqual(
      [auth.kind, auth.kind === 'unauthenticated' && auth.reason.code],
      ['unauthenticated', 'without-quota'],
    );
    assert.deepEqual(tester.told, [], 'who chose it is not told of it');
    await tester.coordinator.startWithoutQuota(a.ticket);
    await tester.coordinator.releaseSession(held);
    await settled();
    assert.equal(b.state, 'resolved');
    await tester.coordinator.startWithoutQuota(b.ticket);
    assert.deepEqual(await tester.states(), ['a active', 'b active']);
  });

  it('is given up even while the credentials are tested', async () => {
    const tester = new CoordinatorTester().configure();
    const test = Promise.withResolvers<typeof works>();
    tester.test = () => test.promise;
    const a = tester.line('a');
    await settled();
    await tester.coordinator.giveUp(a.ticket);
    tester.ledger.openSession = () => Promise.reject(new Error('nobody wants a session any more'));
    test.resolve(works);
    const auth = await a.promise;
    assert.equal(auth.kind === 'refused' && auth.reason.code, 'given-up');
    assert.deepEqual(await tester.states(), []);
  });

  it('keeps neither session nor place when given up while the ledger decides', async () => {
    for (const isFree of [true, false]) {
      const { tester, held } = await full();
      const a = tester.line('a');
      await settled();
      const { ledger } = tester;
      const open = ledger.openSession.bind(ledger);
      const slow = Promise.withResolvers<undefined>();
      // A ledger that is busy: it decides some time after it was asked.
      ledger.openSession = async (...args): Promise<OpeningOutcome> => {
        await slow.promise;
        return open(...args);
      };
      await ledger.attachProcess(held, { pid: 8 });
      await settled();
      if (isFree) await tester.coordinator.releaseSession(held);
      await tester.coordinator.giveUp(a.ticket);
      slow.resolve(undefined);
      await settled();
      assert.equal(a.state, 'resolved');
      assert.deepEqual(await tester.states(), isFree ? [] : ['holder active']);
      assert.deepEqual((await tester.manager.view()).line, []);
    }
  });

  it('keeps neither session nor place when given up during the first attempt', async () => {
    for (const isFree of [true, false]) {
      const { tester, held } = await full();
      if (isFree) await tester.coordinator.releaseSession(held);
      const { ledger } = tester;
      const open = ledger.openSession.bind(ledger);
      const slow = Promise.withResolvers<undefined>();
      ledger.openSession = async (...args): Promise<OpeningOutcome> => {
        await slow.promise;
        return open(...args);
      };
      const a = tester.line('a');
      await settled();
      await tester.coordinator.giveUp(a.ticket);
      const auth = await a.promise;
      assert.equal(auth.kind === 'refused' && auth.reason.code, 'given-up', 'it does not wait for the ledger');
      slow.resolve(undefined);
      await settled();
      assert.deepEqual(await tester.states(), isFree ? [] : ['holder active']);
      assert.deepEqual((await tester.manager.view()).line, []);
    }
  });

  it('leaves no place behind when it ends while the ledger cannot be written, and ends at once', async () => {
    for (const way of ['giveUp', 'timeout', 'startWithoutQuota'] as const) {
      const { tester, held } = await full();
      const { ledger, clock, coordinator } = tester;
      const a = tester.line('a', way === 'timeout' ? { waitMs: 1000 } : {});
      const b = tester.line('b');
      await settled();
      const leave = ledger.leaveSlotLine.bind(ledger);
      ledger.leaveSlotLine = () => Promise.reject(new Error('The disk is full.'));
      const open = ledger.openSession.bind(ledger);
      // The session without quota would take the place away too.
      if (way === 'startWithoutQuota') ledger.openSession = () => Promise.reject(new Error('The disk is full.'));
      if (way === 'timeout') await clock.advance(1000);
      const ending = watched(way === 'timeout' ? Promise.resolve() : coordinator[way](a.ticket));
      await settled();
      assert.notEqual(a.state, 'pending', way);
      await clock.advance(1000);
      assert.equal(ending.state, 'resolved');
      assert.equal(tester.manager.writeFailure, 'The disk is full.', 'which is told');
      ledger.leaveSlotLine = leave;
      ledger.openSession = open;
      await clock.advance(5000);
      assert.equal(tester.manager.writeFailure, undefined);
      await coordinator.releaseSession(held);
      await settled();
      assert.equal(b.state, 'resolved', way);
      assert.deepEqual((await tester.manager.view()).line, []);
    }
  });

  it('ends a session in the end that was opened for who had left, while others are served', async () => {
    const { tester, held } = await full();
    const { ledger, clock, coordinator } = tester;
    const a = tester.line('a');
    const b = tester.line('b');
    await settled();
    const [open, end] = [ledger.openSession.bind(ledger), ledger.endSession.bind(ledger)];
    const slow = Promise.withResolvers<undefined>();
    ledger.openSession = async (...args): Promise<OpeningOutcome> => {
      await slow.promise;
      return open(...args);
    };
    await coordinator.releaseSession(held);
    await settled();
    ledger.leaveSlotLine = () => Promise.reject(new Error('The disk is full.'));
    ledger.endSession = () => Promise.reject(new Error('The disk is full.'));
    const givingUp = coordinator.giveUp(a.ticket);
    slow.resolve(undefined);
    await clock.advance(1000);
    await givingUp;
    assert.deepEqual(await tester.states(), ['a active']);
    ledger.endSession = end;
    await clock.advance(5000);
    assert.deepEqual([b.state, await tester.states()], ['resolved', ['b active']]);
  });

  it('that fails after it was put in line leaves no place behind', async () => {
    const { tester } = await full();
    const { ledger } = tester;
    const open = ledger.openSession.bind(ledger);
    ledger.openSession = async (...args): Promise<OpeningOutcome> => {
      await open(...args);
      throw new Error('The disk is full.');
    };
    const a = tester.line('a');
    await settled();
    assert.equal(a.state, 'rejected');
    assert.deepEqual((await tester.manager.view()).line, []);
  });

  it('ends for all when the coordinator is disposed, also where the ledger cannot be written', async () => {
    const { tester } = await full();
    const [a, b] = [tester.line('a'), tester.line('b')];
    await settled();
    tester.ledger.leaveSlotLine = () => Promise.reject(new Error('The disk is full.'));
    const disposing = watched(tester.coordinator.dispose());
    await settled();
    assert.deepEqual([a.state, b.state], ['resolved', 'resolved']);
    await tester.clock.advance(1000);
    assert.equal(disposing.state, 'resolved');
    tester.manager.dispose();
    assert.equal(tester.clock.timers, 0);
  });

  it('ends for all when a plan with more slots is set', async () => {
    const { tester } = await full();
    const [a, b, c] = [tester.line('a'), tester.line('b'), tester.line('c')];
    await settled();
    tester.configure(undefined, { plan: apiKeyPlan({ concurrentAgents: 3 }) });
    await settled();
    assert.deepEqual([a.state, b.state, c.state], ['resolved', 'resolved', 'pending']);
  });

  it('ends when the one before is idle, or its process is gone', async () => {
    const { tester } = await full();
    const a = tester.line('a', { process: { pid: 5 } });
    const b = tester.line('b');
    await tester.clock.advance(30 * 60_000 - 1000);
    assert.equal(a.state, 'pending');
    await tester.clock.advance(2000);
    assert.equal(a.state, 'resolved');
    assert.equal(b.state, 'pending');
    tester.processes.end(5);
    await tester.clock.advance(1000);
    assert.equal(b.state, 'resolved');
    assert.deepEqual(await tester.states(), ['holder idle', 'b active']);
  });

  it('ends for all when the coordinator is disposed', async () => {
    const { tester } = await full();
    const [a, b] = [tester.line('a'), tester.line('b')];
    await settled();
    await tester.coordinator.dispose();
    for (const { promise } of [a, b]) {
      const auth = await promise;
      assert.equal(auth.kind === 'refused' && auth.reason.code, 'given-up');
    }
    assert.deepEqual((await tester.manager.view()).line, []);
    assert.equal(tester.clock.timers, 0);
  });

  it('goes on after the ledger has failed', async () => {
    const { tester, held } = await full();
    const a = tester.line('a');
    await settled();
    const { ledger } = tester;
    const slotLine = ledger.slotLine.bind(ledger);
    ledger.slotLine = () => Promise.reject(new Error('The disk is full.'));
    await tester.coordinator.attachProcess(held, { pid: 8 });
    await settled();
    assert.match(tester.logger.lines.join('\n'), /line for slots could not be run. The disk is full/);
    await tester.coordinator.releaseSession(held);
    await settled();
    ledger.slotLine = slotLine;
    await tester.clock.advance(999);
    assert.equal(a.state, 'pending');
    await tester.clock.advance(1);
    assert.equal(a.state, 'resolved', 'by itself, though nothing changes in the ledger any more');
  });
});
