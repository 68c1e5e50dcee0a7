import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import type { OpenLedger } from './ledgerTester.ts';

export function steeringTests(openLedger: OpenLedger): void {
  describe('steering a session', () => {
    const given = eachWithLedger(openLedger, apiKeyPlan({ concurrentAgents: 2, requestsPerMinute: 10 }));

    it('lets the requests of a paused session wait and others pass, until it is resumed', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const paused = await tester.ledger.steerSession(a, { paused: true }, tester.now);
      assert.equal(paused?.pausedAt, tester.now);
      const held = await tester.waiting(a);
      await tester.admitted(b);
      assert.deepEqual(await tester.goes(), []);
      assert.equal((await tester.run()).nextAt, undefined, 'nothing but the user can help');
      const resumed = await tester.ledger.steerSession(a, { paused: false }, tester.now);
      assert.equal(resumed?.pausedAt, undefined);
      assert.deepEqual(await tester.goes(), [held]);
    });

    it('lets what is under way in a paused session end, and keeps since when it is paused', async () => {
      const tester = given();
      const a = await tester.opened('a');
      const running = await tester.admitted(a);
      const since = tester.now;
      await tester.ledger.steerSession(a, { paused: true }, since);
      tester.now += 1000;
      assert.equal((await tester.ledger.steerSession(a, { paused: true }, tester.now))?.pausedAt, since);
      assert.equal(await tester.settle(running, undefined), true);
      const session = await tester.session(a);
      assert.equal(session.state === 'ended' ? undefined : session.pausedAt, since);
    });

    it('gives a session of its own weight its share of a short supply', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const weighed = await tester.ledger.steerSession(a, { weight: 3 }, tester.now);
      assert.equal(weighed?.weight, 3);
      for (let count = 0; count < 10; count += 1) await tester.settle(await tester.admitted(b), undefined);
      const asks = await Promise.all(
        Array.from({ length: 40 }, async () => [await tester.waiting(a), await tester.waiting(b)] as const),
      );
      const ofA = new Set(asks.map(([first]) => first));
      const went: string[] = [];
      while (went.length < 40) {
        tester.now += 6000;
        const gone = await tester.goes();
        for (const id of gone) await tester.settle(id, undefined);
        went.push(...gone);
      }
      const share = went.filter((id) => ofA.has(id)).length / went.length;
      assert.ok(Math.abs(share - 0.75) <= 0.05, `three of four, not ${share}`);
      assert.equal((await tester.ledger.steerSession(a, { weight: null }, tester.now))?.weight, undefined);
    });

    it('knows no session that has ended, and an ended one is neither paused nor weighed', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.ledger.steerSession(a, { paused: true, weight: 2 }, tester.now);
      const ended = await tester.ledger.endSession(a, 'released', tester.now);
      assert.ok(ended !== undefined && !('pausedAt' in ended) && !('weight' in ended));
      assert.equal(await tester.ledger.steerSession(a, { paused: true }, tester.now), undefined);
      assert.equal(await tester.ledger.steerSession('nobody', { paused: true }, tester.now), undefined);
    });
  });

  describe('a session that cannot wait', () => {
    const given = eachWithLedger(openLedger, apiKeyPlan({ concurrentAgents: 1 }));

    it('is opened without a slot, takes part in no line, and gets one with its first request', async () => {
      const tester = given();
      const parent = await tester.opened('parent');
      const child = await tester.opened('child', { wait: true, idleWithoutSlot: true, parentSessionId: parent });
      const session = await tester.session(child);
      assert.equal(session.state, 'idle');
      assert.equal(session.parentSessionId, parent);
      assert.equal(await tester.used('slots'), 1);
      assert.deepEqual((await tester.view()).line, []);
      const request = await tester.waiting(child);
      await tester.ledger.endSession(parent, 'process-ended', tester.now);
      assert.deepEqual(await tester.goes(), [request]);
      assert.equal((await tester.session(child)).state, 'active');
      assert.equal(await tester.used('slots'), 1);
    });

    it('has a slot at once where one is free and nobody waits for it', async () => {
      const tester = given();
      assert.equal(
        (await tester.session(await tester.opened('child', { wait: true, idleWithoutSlot: true }))).state,
        'active',
      );
    });

    it('passes nobody who waits in line', async () => {
      const tester = given();
      const first = await tester.opened('first');
      await tester.open('second', { wait: true });
      await tester.ledger.endSession(first, 'released', tester.now);
      const child = await tester.opened('child', { wait: true, idleWithoutSlot: true });
      assert.equal((await tester.session(child)).state, 'idle');
      assert.equal((await tester.open('second', { wait: true })).kind, 'opened');
    });
  });
}
