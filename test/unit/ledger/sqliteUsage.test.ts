import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { ledgerFileName, openLedger } from '../../../src/ledger/openLedger.ts';
import { LedgerTester, tokens } from './ledgerTester.ts';
import { silentLogger } from './silentLogger.ts';
import { temporaryDirectory } from './temporaryDirectory.ts';

const hour = 3_600_000;
const day = 24 * hour;

describe('usage in the ledger’s file', () => {
  const plan = maxSubscriptionPlan({ dailyTokens: 1_000_000, concurrentAgents: 4 });
  let directory: ReturnType<typeof temporaryDirectory>;
  let tester: LedgerTester;

  beforeEach(async () => {
    directory = temporaryDirectory();
    const { ledger } = await openLedger(directory.path, silentLogger);
    tester = new LedgerTester(ledger, plan);
  });
  afterEach(async () => {
    await tester.ledger.close();
    directory.remove();
  });

  function query(sql: string): unknown[] {
    const database = new DatabaseSync(join(directory.path, ledgerFileName), { readOnly: true });
    try {
      return database
        .prepare(sql)
        .all()
        .map((row) => Object.values(row));
    } finally {
      database.close();
    }
  }

  it('is added up by hour, plan, agent and model', async () => {
    const [a, b] = [await tester.opened('a'), await tester.opened('b')];
    const begin = tester.now;
    await tester.book(a, tokens(1, 10), 'r1', 'opus');
    tester.now += hour - 1;
    await tester.book(a, tokens(2, 20, { cacheReadTokens: 7 }), 'r2', 'opus');
    await tester.book(a, tokens(2, 20), 'r2', 'opus');
    await tester.book(a, tokens(3, 30), 'r3', 'haiku');
    await tester.book(b, tokens(4, 40), 'r4', 'opus');
    tester.now += 1;
    await tester.settle(await tester.admitted(a), tokens(5, 50), 'r5');
    const sums = query(
      `SELECT hour, plan_id, agent_id, model, requests, input_tokens, cache_read_tokens, output_tokens
       FROM usage_hour ORDER BY hour, agent_id, model`,
    );
    assert.deepEqual(sums, [
      [begin, 'MaxSubscription', 'a', 'haiku', 1, 3, 0, 30],
      [begin, 'MaxSubscription', 'a', 'opus', 2, 3, 7, 30],
      [begin, 'MaxSubscription', 'b', 'opus', 1, 4, 0, 40],
      [begin + hour, 'MaxSubscription', 'a', 'claude', 1, 5, 0, 50],
    ]);
  });

  it('loses its detail with age, and keeps its sums', async () => {
    const a = await tester.opened('a');
    for (let index = 0; index < 5; index += 1) {
      await tester.book(a, tokens(10), `r${index}`);
      tester.now += day;
    }
    const before = query('SELECT * FROM usage_hour UNION ALL SELECT *, 0, 0 FROM usage_day');
    assert.equal(await tester.ledger.forgetUsageBefore(tester.now - 3 * day), 2);
    assert.deepEqual(query('SELECT request_id FROM usage'), [['r2'], ['r3'], ['r4']]);
    assert.deepEqual(query('SELECT * FROM usage_hour UNION ALL SELECT *, 0, 0 FROM usage_day'), before);
    assert.equal(await tester.ledger.forgetUsageBefore(tester.now - 3 * day), 0);
    assert.deepEqual((await tester.session(a)).usage, tokens(50));
  });
});
