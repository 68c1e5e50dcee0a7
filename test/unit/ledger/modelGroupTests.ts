import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { eachWithLedger } from './ledgerHooks.ts';
import { tokens, type LedgerTester, type OpenLedger } from './ledgerTester.ts';
import { reported } from './reports.ts';

const opus = 'claude-opus-4-5';
const sonnet = 'claude-sonnet-4-5-20250929';

/** What is shown of a model group's limit of input tokens: used, and the limit. */
async function shown(tester: LedgerTester, models: string | undefined): Promise<[number, number] | undefined> {
  const { status } = await tester.view();
  const found = status.limits.find((limit) => limit.dimension === 'inputTokensPerMinute' && limit.models === models);
  return found === undefined ? undefined : [found.used, found.limit];
}

export function modelGroupTests(openLedger: OpenLedger): void {
  describe('limits of a model group', () => {
    const plan = apiKeyPlan({ requestsPerMinute: 60, tokensPerMinute: 60_000, concurrentAgents: 4 });
    const given = eachWithLedger(openLedger, plan);

    it('hold up the models of the group, and no others', async () => {
      const tester = given();
      const [a, b] = [await tester.opened('a'), await tester.opened('b')];
      await tester.observe({ model: opus, limits: [reported('inputTokensPerMinute', 10_000, 0)] });
      const head = await tester.waiting(a, { input: 5000, model: opus });
      await tester.admitted(b, { input: 5000, model: sonnet });
      await tester.waiting(b, { input: 400, model: 'claude-opus-4-1' });
      await tester.admitted(a, { input: 5000, model: 'claude-opus-5' });
      await tester.admitted(a, { input: 5000 });
      const { nextAt } = await tester.run();
      // 9500 are known to be used, since reports are rounded.
      assert.equal(nextAt, tester.now + 27_000);
      tester.now = nextAt;
      assert.deepEqual(await tester.goes(), [head]);
    });

    it('are each group’s own, and shown as such', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.observe({ model: opus, limits: [reported('inputTokensPerMinute', 10_000)] });
      await tester.observe({ model: sonnet, limits: [reported('inputTokensPerMinute', 20_000)] });
      await tester.admitted(a, { input: 3000, model: opus });
      await tester.settle(await tester.admitted(a, { input: 4000, model: sonnet }), tokens(4000));
      await tester.admitted(a, { input: 5000 });
      assert.deepEqual(await shown(tester, 'opus-4'), [3000, 10_000]);
      assert.deepEqual(await shown(tester, 'sonnet-4'), [4000, 20_000]);
      assert.equal(await shown(tester, undefined), undefined, 'nobody has said anything of the plan');
      assert.equal(await tester.used('tokensPerMinute'), 12_000, 'the plan’s own is of all of them');
      const { status } = await tester.view();
      assert.equal(status.percentage, 30, 'the fullest of all');
    });

    it('are corrected by what is reported of the group, which leaves the others and the plan alone', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.observe({ model: sonnet, limits: [reported('inputTokensPerMinute', 20_000)] });
      await tester.settle(await tester.admitted(a, { input: 1000, model: opus }), tokens(1000));
      await tester.observe({
        model: opus,
        limits: [reported('inputTokensPerMinute', 10_000, 2000), reported('tokensPerMinute', 10_000, 1000)],
      });
      assert.deepEqual(await shown(tester, 'opus-4'), [7500, 10_000]);
      assert.deepEqual(await shown(tester, 'sonnet-4'), [0, 20_000]);
      assert.equal(await tester.used('tokensPerMinute'), 1000);
    });

    it('hold together with the plan’s', async () => {
      const tester = given();
      const a = await tester.opened('a');
      for (const model of [opus, sonnet]) {
        await tester.observe({ model, limits: [reported('tokensPerMinute', 60_000)] });
      }
      await tester.admitted(a, { input: 40_000, model: opus });
      await tester.waiting(a, { input: 40_000, model: sonnet });
      await tester.waiting(a, { input: 1 });
    });

    it('are no limits for requests of whose model nothing is known', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.observe({ limits: [reported('inputTokensPerMinute', 10_000)] });
      await tester.admitted(a, { input: 9000, model: opus });
      await tester.waiting(a, { input: 2000, model: sonnet });
      assert.deepEqual(await shown(tester, undefined), [9000, 10_000], 'what names no model is the plan’s');
    });

    it('pause the group that has to pause, and everybody when no model is named', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.observe({ model: opus, retryAfterMs: 5000, limited: true });
      const paused = await tester.ask(a, { model: opus });
      assert.deepEqual([paused.state, paused.run.nextAt], ['waiting', tester.now + 5000]);
      await tester.admitted(a, { model: sonnet });
      await tester.admitted(a);
      await tester.observe({ retryAfterMs: 2000, limited: true });
      const everybody = await tester.ask(a, { model: sonnet });
      assert.deepEqual([everybody.state, everybody.run.nextAt], ['waiting', tester.now + 2000]);
      assert.equal((await tester.view()).status.pausedUntil, tester.now + 2000);
      tester.now += 2000;
      assert.deepEqual(await tester.goes(), [everybody.id]);
      tester.now += 3000;
      assert.deepEqual(await tester.goes(), [paused.id]);
    });

    it('keep what is held for a request of theirs until it is known', async () => {
      const tester = given();
      const a = await tester.opened('a');
      await tester.observe({ model: opus, limits: [reported('inputTokensPerMinute', 10_000)] });
      const asked = { input: 8000, output: 100, model: opus };
      const [first] = [await tester.admitted(a, asked), await tester.waiting(a, asked)];
      await tester.ledger.withdraw(first);
      assert.equal((await tester.goes()).length, 1);
      assert.deepEqual(await shown(tester, 'opus-4'), [8000, 10_000]);
    });
  });
}
