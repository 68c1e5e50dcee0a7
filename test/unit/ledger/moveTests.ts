import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type LedgerTester, type OpenLedger } from './ledgerTester.ts';

const wait = { wait: true };

async function agents(tester: LedgerTester): Promise<string[]> {
  const sessions = (await tester.view()).sessions.filter(({ planId }) => planId === tester.terms.planId);
  return sessions.map(({ agentId, state }) => `${agentId} ${state}`);
}

export function moveTests(openLedger: OpenLedger): void {
  describe('sessions of an engine whose plan becomes another', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 6000, concurrentAgents: 3 });
    const given = eachWithLedger(openLedger, plan);

    it('become the other plan’s, and hold its slots', async () => {
      const tester = given();
      const mine = await tester.opened('mine', { engineId: 'moves' });
      const idle = await tester.opened('idle', { engineId: 'moves' });
      const ended = await tester.opened('ended', { engineId: 'moves' });
      await tester.ledger.idleSession(idle, tester.now);
      await tester.ledger.endSession(ended, 'released', tester.now);
      await tester.opened('theirs', { engineId: 'stays' });
      await tester.ledger.moveSessions('moves', 'another');
      assert.deepEqual(await agents(tester), ['theirs active']);
      assert.equal(await tester.used('slots'), 1);
      tester.planId = 'another';
      assert.deepEqual(await agents(tester), ['mine active', 'idle idle']);
      assert.equal(await tester.used('slots'), 1);
      await tester.admitted(mine, { input: 6000 });
      assert.equal((await tester.session(ended)).planId, 'ApiKey', 'what is over stays where it was');
      await tester.ledger.moveSessions('nobody', 'third');
      assert.deepEqual(await agents(tester), ['mine active', 'idle idle']);
    });

    it('settle what is under way with the plan that it was asked of', async () => {
      const tester = given();
      const a = await tester.opened('a', { engineId: 'moves' });
      const id = await tester.admitted(a, { input: 3000, engineId: 'moves' });
      await tester.ledger.moveSessions('moves', 'another');
      tester.planId = 'another';
      await tester.settle(id, tokens(2000), 'r1');
      assert.equal(await tester.used('tokensPerMinute'), 0);
      assert.deepEqual((await tester.session(a)).usage, tokens(2000));
      tester.planId = undefined;
      assert.equal(await tester.used('tokensPerMinute'), 2000);
      assert.deepEqual((await tester.view()).usedToday, tokens(2000));
      tester.now += 20_000;
      assert.equal(await tester.used('tokensPerMinute'), 0, 'nothing stays held');
    });

    it('are neither before nor behind the others in its line', async () => {
      const tester = given();
      const moved = await tester.opened('moved', { engineId: 'moves' });
      for (let times = 0; times < 5; times += 1) {
        await tester.settle(await tester.admitted(moved, { input: 6000 }), tokens(6000));
        tester.now += 60_000;
      }
      tester.planId = 'another';
      const other = await tester.opened('other');
      await tester.ledger.moveSessions('moves', 'another');
      await tester.settle(await tester.admitted(other, { input: 6000 }), tokens(6000));
      const ids = [await tester.waiting(moved, { input: 3000 }), await tester.waiting(other, { input: 3000 })];
      tester.now += 30_000;
      assert.deepEqual(await tester.goes(), [ids[0]]);
      tester.now += 60_000;
      assert.deepEqual(await tester.goes(), [ids[1]]);
    });
  });

  describe('the line for slots, looked at', () => {
    const given = eachWithLedger(openLedger, apiKeyPlan({ concurrentAgents: 2 }));

    it('says who would get one, and gives nothing out', async () => {
      const tester = given();
      assert.deepEqual(await tester.ledger.slotLine(tester.terms), { places: [], ready: new Set(), running: [] });
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      const since = tester.now;
      for (const agent of ['c', 'd', 'e']) await tester.open(agent, wait);
      const full = await tester.ledger.slotLine(tester.terms);
      assert.deepEqual(
        full.places,
        ['c', 'd', 'e'].map((agentId, index) => ({
          ticket: `ticket of ${agentId}`,
          agentId,
          place: index + 1,
          waitingSince: since,
        })),
      );
      assert.deepEqual([full.ready, full.running], [new Set(), ['a', 'b']]);
      for (const session of [a, b]) await tester.ledger.endSession(session, 'released', tester.now);
      for (let times = 0; times < 2; times += 1) {
        const { ready, running } = await tester.ledger.slotLine(tester.terms);
        assert.deepEqual([ready, running], [new Set(['ticket of c', 'ticket of d']), []]);
      }
      await tester.opened('d', wait);
      const after = await tester.ledger.slotLine(tester.terms);
      assert.deepEqual([after.ready, after.running], [new Set(['ticket of c']), ['d']]);
      assert.equal((await tester.open('e', wait)).kind, 'no-slot');
    });

    it('is each plan’s own', async () => {
      const tester = given();
      for (const agent of ['a', 'b']) await tester.opened(agent);
      await tester.open('c', wait);
      tester.planId = 'another';
      assert.deepEqual(await tester.ledger.slotLine(tester.terms), { places: [], ready: new Set(), running: [] });
    });
  });
}
