import assert from 'node:assert/strict';
import { apiKeyPlan } from '../../../src/core/plan.ts';
import { withRules } from '../../../src/core/priceRules.ts';
import { SessionCosts } from '../../../src/core/sessionCosts.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { LedgerTester, tokens } from '../ledger/ledgerTester.ts';

const prices = withRules([{ pattern: 'op?s*', input: 5, output: 25, cacheRead: 1 }], undefined);

describe('costs of sessions', () => {
  it('are those of all that each has used, read once', async () => {
    const ledger = new TransactionalLedger(new MemoryStore());
    const tester = new LedgerTester(ledger, apiKeyPlan());
    const asked: number[] = [];
    const costs = new SessionCosts({
      usage: (from, to, ...how) => {
        asked.push(to - from);
        return ledger.usage(from, to, ...how);
      },
    });
    const look = async (): Promise<void> => {
      tester.now += 10_000;
      await costs.look(await ledger.liveSessions(), prices, tester.now);
    };
    const [a, b] = [await tester.opened('a'), await tester.opened('b')];
    await tester.book(a, tokens(1_000_000), 'r1', 'opus-5');
    await tester.book(b, tokens(9), 'r2', 'mystery');
    assert.equal(costs.of(a), undefined, 'not looked at yet');
    await look();
    assert.deepEqual(costs.of(a), { usd: 5, unpricedRequests: 0 });
    assert.deepEqual(costs.of(b), { usd: 0, unpricedRequests: 1 });
    await tester.book(a, tokens(0, 1_000_000, { cacheReadTokens: 1_000_000 }), 'r3', 'opus-5');
    await look();
    assert.deepEqual(costs.of(a), { usd: 31, unpricedRequests: 0 });
    assert.deepEqual(asked, [8000, 10_000], 'only what is new');
    await ledger.endSession(a, 'released', tester.now);
    await look();
    assert.equal(costs.of(a), undefined);
  });
});
