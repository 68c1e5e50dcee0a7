import assert from 'node:assert/strict';
import { apiKeyPlan, maxSubscriptionPlan, type Plan } from '../../../src/core/plan.ts';
import type { QuotaTerms } from '../../../src/core/quotaTerms.ts';
import type { LiveSession } from '../../../src/core/session.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { ManagerTester } from './managerTester.ts';

const plan = maxSubscriptionPlan({ dailyTokens: 1e6, concurrentAgents: 2 });

function terms(of: Plan = plan): QuotaTerms {
  return { planId: of.kind, plan: of, agents: [], dailyTokens: 'fallback' };
}

/** A window, and others of the same machine. */
function window(first?: ManagerTester, engineId = 'engine'): ManagerTester {
  return new ManagerTester(
    plan,
    first === undefined ? { engineId } : { ledger: first.ledger, clock: first.clock, engineId },
  );
}

async function live(tester: ManagerTester, sessionId: string): Promise<LiveSession> {
  const found = (await tester.ledger.liveSessions()).find((one) => one.sessionId === sessionId);
  assert.ok(found !== undefined);
  return found;
}

async function tell(tester: ManagerTester, sessionId: string, account: string): Promise<void> {
  await tester.manager.accountTold(await live(tester, sessionId), account);
}

describe('the account of a window', () => {
  it('is that of its agents, and the others’ go with it until they tell', async () => {
    const tester = window();
    await tester.manager.configure(terms(), 1000);
    const [a, b] = [await tester.session('a', 'observed'), await tester.session('b', 'observed')];
    assert.equal(tester.manager.planId, 'MaxSubscription');
    await tell(tester, a, 'one');
    assert.equal(tester.manager.planId, 'MaxSubscription-one');
    assert.equal((await live(tester, b)).planId, 'MaxSubscription-one');
    await tell(tester, b, 'two');
    assert.deepEqual(
      [tester.manager.planId, (await live(tester, b)).planId],
      ['MaxSubscription-one', 'MaxSubscription-two'],
    );
    await tester.manager.book(b, { usage: tokens(9), model: undefined, requestId: 'r1' });
    assert.equal((await tester.manager.view()).usedToday.inputTokens, 0);
    assert.equal((await tester.manager.view(b)).usedToday.inputTokens, 9);
  });

  it('becomes another when its agents are on another', async () => {
    const tester = window();
    const [a, b] = [await tester.session('a', 'observed'), await tester.session('b', 'observed')];
    await tell(tester, a, 'one');
    await tester.manager.release(a, 'released');
    await tell(tester, b, 'two');
    assert.equal(tester.manager.planId, 'MaxSubscription-two');
    await tell(tester, b, 'three');
    assert.equal(tester.manager.planId, 'MaxSubscription-three', 'after a login of its only agent');
    await tester.manager.configure(terms(), 1000);
    assert.equal(tester.manager.planId, 'MaxSubscription-three', 'whatever settings change');
    await tester.manager.configure(terms(apiKeyPlan()), 1000);
    assert.equal(tester.manager.planId, 'ApiKey');
    await tell(tester, b, 'three');
    assert.equal(tester.manager.planId, 'ApiKey');
  });

  it('is not another window’s where both are known', async () => {
    const first = window();
    const second = window(first, 'second');
    const [a, b] = [await first.session('a', 'observed'), await second.session('b', 'observed')];
    await tell(first, a, 'one');
    await tell(second, b, 'two');
    for (const [tester, sessionId, account] of [
      [first, a, 'one'],
      [second, b, 'two'],
    ] as const) {
      await tester.manager.book(sessionId, { usage: tokens(account.length), model: undefined, requestId: account });
      assert.equal(tester.manager.planId, `MaxSubscription-${account}`);
      assert.equal((await tester.manager.view()).usedToday.inputTokens, 3);
      assert.equal(await tester.used('slots'), 1);
    }
    const third = window(first, 'third');
    await third.manager.configure(terms(), 1000);
    assert.equal(third.manager.planId, 'MaxSubscription', 'nobody knows which of them is its own');
  });

  it('is the only one that is known, while none of its agents has told', async () => {
    const first = window();
    await tell(first, await first.session('a', 'observed'), 'one');
    await first.manager.book((await first.ledger.liveSessions())[0]?.sessionId ?? '', {
      usage: tokens(5),
      model: undefined,
      requestId: 'r1',
    });
    const second = window(first, 'second');
    await second.manager.configure(terms(), 1000);
    assert.equal(second.manager.planId, 'MaxSubscription-one');
    const b = await second.session('b', 'observed');
    assert.equal(await second.used('slots'), 2, 'a slot of it is taken at once');
    await tell(second, b, 'two');
    assert.equal(second.manager.planId, 'MaxSubscription-two');
    await first.clock.advance(31 * 24 * 3_600_000);
    const later = window(first, 'later');
    await later.manager.configure(terms(), 1000);
    assert.equal(later.manager.planId, 'MaxSubscription', 'it was not heard of for long');
  });

  it('leaves who waits where they wait', async () => {
    const tester = window();
    const [a, b] = [await tester.session('a', 'observed'), await tester.session('b', 'observed')];
    const shut = { name: 'fiveHour', utilization: 1, resetsAt: tester.clock.now() + 4000, rejected: false } as const;
    const report = { limits: [], retryAfterMs: undefined, limited: false, model: undefined };
    await tester.manager.observe({ ...report, windows: [{ ...shut, reportedAt: tester.clock.now() }] });
    const turn = tester.manager.admitTurn(b, new AbortController().signal);
    await tester.clock.advance(100);
    await tell(tester, a, 'one');
    await tester.clock.advance(5000);
    await (await turn).end();
    assert.deepEqual(await tester.underWay(), [0, 0]);
  });
});
