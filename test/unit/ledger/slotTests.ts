import assert from 'node:assert/strict';
import type { OpeningOutcome } from '../../../src/core/ledger.ts';
import { apiKeyPlan, maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type OpenLedger } from './ledgerTester.ts';

function placeOf(outcome: OpeningOutcome): number | undefined {
  return outcome.kind === 'no-slot' ? outcome.place?.place : undefined;
}

export function slotTests(openLedger: OpenLedger): void {
  describe('slots', () => {
    const given = eachWithLedger(openLedger, apiKeyPlan({ concurrentAgents: 2 }));

    it('gives out as many as the plan has, and says who holds them', async () => {
      const tester = given();
      await tester.opened('a');
      await tester.opened('b');
      const third = await tester.open('c');
      assert.deepEqual(third, { kind: 'no-slot', place: undefined, running: ['a', 'b'] });
      assert.equal(await tester.used('slots'), 2);
      assert.deepEqual((await tester.view()).line, []);
    });

    it('gives a slot that is free again to the next, in order of arrival and without overtaking', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const b = await tester.opened('b');
      const wait = { wait: true };
      assert.equal(placeOf(await tester.open('c', wait)), 1);
      assert.equal(placeOf(await tester.open('d', wait)), 2);
      assert.equal(placeOf(await tester.open('e', wait)), 3);
      await tester.ledger.endSession(a, 'released', tester.now);
      assert.equal((await tester.open('newcomer')).kind, 'no-slot', 'a newcomer passes nobody');
      assert.equal(placeOf(await tester.open('d', wait)), 2, 'the second waits though there is a slot');
      assert.equal((await tester.open('c', wait)).kind, 'opened');
      assert.equal(placeOf(await tester.open('d', wait)), 1);
      await tester.ledger.endSession(b, 'released', tester.now);
      assert.equal(placeOf(await tester.open('e', wait)), 2);
      assert.equal((await tester.open('d', wait)).kind, 'opened');
      assert.equal(await tester.used('slots'), 2);
    });

    it('keeps the time of arrival over further attempts', async () => {
      const tester = given();
      await tester.opened('a');
      await tester.opened('b');
      const since = tester.now;
      await tester.open('c', { wait: true });
      tester.now += 5000;
      const again = await tester.open('c', { wait: true });
      assert.equal(again.kind === 'no-slot' && again.place?.waitingSince, since);
      const { line } = await tester.view();
      assert.deepEqual(line, [{ ticket: 'ticket of c', agentId: 'c', place: 1, waitingSince: since }]);
    });

    it('lets those behind move up when one leaves the line', async () => {
      const tester = given();
      await tester.opened('a');
      await tester.opened('b');
      for (const agent of ['c', 'd', 'e']) await tester.open(agent, { wait: true });
      await tester.ledger.leaveSlotLine('ticket of c');
      await tester.ledger.leaveSlotLine('nobody');
      assert.equal(placeOf(await tester.open('d', { wait: true })), 1);
      await tester.open('d', { wait: false });
      assert.deepEqual(
        (await tester.view()).line.map(({ agentId }) => agentId),
        ['e'],
      );
    });

    it('drops the places of an engine that is gone', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.opened('b');
      await tester.open('c', { wait: true, engineId: 'dead' });
      await tester.open('d', { wait: true });
      await tester.ledger.endSession(a, 'released', tester.now);
      assert.equal(placeOf(await tester.open('d', { wait: true })), 2);
      await tester.ledger.forgetEngine('dead', tester.now);
      assert.equal((await tester.open('d', { wait: true })).kind, 'opened');
    });

    it('gives no slot above a limit that was lowered, and gives those of one that was raised', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      tester.plan = apiKeyPlan({ concurrentAgents: 1 });
      assert.equal((await tester.open('c')).kind, 'no-slot');
      await tester.ledger.endSession(a, 'released', tester.now);
      assert.equal((await tester.open('c')).kind, 'no-slot');
      await tester.ledger.endSession(b, 'released', tester.now);
      await tester.opened('c');
      tester.plan = apiKeyPlan({ concurrentAgents: 3 });
      await tester.opened('d');
      await tester.opened('e');
      assert.equal((await tester.open('f')).kind, 'no-slot');
    });

    it('counts observed sessions and not unauthenticated ones', async () => {
      const tester = given();
      await tester.opened('a', { mode: 'observed' });
      await tester.opened('b', { mode: 'observed' });
      await tester.opened('c', { mode: 'unauthenticated' });
      assert.equal(await tester.used('slots'), 2);
      assert.equal((await tester.open('d')).kind, 'no-slot');
    });
  });

  describe('slots of a plan with daily tokens', () => {
    const given = eachWithLedger(openLedger, maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 1 }));

    it('are not given when the day is used up, until the next', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.open('b', { wait: true });
      const id = await tester.admitted(a, { input: 900, output: 100 });
      await tester.settle(id, tokens(900, 100));
      await tester.ledger.endSession(a, 'released', tester.now);
      const refused = await tester.open('b', { wait: true });
      const midnight = new Date(2026, 0, 16).getTime();
      assert.deepEqual(refused, { kind: 'used-up', what: 'day', until: midnight });
      assert.deepEqual((await tester.view()).line, [], 'who is refused does not keep a place');
      assert.equal((await tester.open('c', { mode: 'unauthenticated' })).kind, 'opened');
      tester.now = midnight;
      await tester.opened('b');
    });

    it('come with the share of what is left today', async () => {
      const tester = given();
      tester.plan = maxSubscriptionPlan({ dailyTokens: 1000, concurrentAgents: 4 });
      const first = await tester.open('a');
      assert.deepEqual(first.kind === 'opened' && first.allocation, { tokens: 250 });
      const a = first.kind === 'opened' ? first.session.sessionId : '';
      await tester.settle(await tester.admitted(a, { input: 200 }), tokens(200, 0, { cacheReadTokens: 5000 }));
      const second = await tester.open('b');
      assert.deepEqual(second.kind === 'opened' && second.allocation, { tokens: 200 });
    });
  });
}
