import assert from 'node:assert/strict';
import type { LedgerView } from '../../../src/core/ledger.ts';
import type { QuotaStatus } from '../../../src/core/quotaStatus.ts';
import type { LimitStatus } from '../../../src/shared/limitStatus.ts';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { limitStatus, type SharedUse } from '../../../src/core/planStatus.ts';
import { problems } from '../../../src/core/problems.ts';
import { decideStep } from '../../../src/core/stepAdmission.ts';
import { noUsage } from '../../../src/core/usage.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { LedgerTester } from '../ledger/ledgerTester.ts';

const now = new Date(2026, 0, 15, 12).getTime();

/** What is seen of a session whose plan has these tokens a day. @param usedHere counted tokens of this machine. */
async function viewOf(day: SharedUse, usedHere: number): Promise<{ view: LedgerView; sessionId: string }> {
  const tester = new LedgerTester(new TransactionalLedger(new MemoryStore()), maxSubscriptionPlan());
  const sessionId = await tester.opened();
  const view = await tester.view();
  const limits = [limitStatus('tokensPerDay', day, undefined, 'setting')];
  const percentage = limits[0]?.percentage ?? 0;
  const status = { ...view.status, limits, percentage };
  return { view: { ...view, status, usedToday: { ...noUsage, inputTokens: usedHere } }, sessionId };
}

describe('a limit that machines share', () => {
  for (const [title, day, usedHere, kind] of [
    ['neither used up', { limit: 100, used: 60, others: 300, whole: 500 }, 60, 'go'],
    ['its own part used up', { limit: 100, used: 100, others: 300, whole: 500 }, 100, 'used-up'],
    ['the whole used up by others', { limit: 500, used: 100, others: 400 }, 100, 'used-up'],
    ['the rest of it only held by turns', { limit: 500, used: 200, others: 300 }, 100, 'go'],
  ] as const) {
    it(`with ${title}, lets a turn's next step ${kind === 'go' ? 'go' : 'not go'}`, async () => {
      const { view, sessionId } = await viewOf(day, usedHere);
      assert.equal(decideStep(view, sessionId, now).kind, kind);
    });
  }

  it('is told as reached with the bound that is', async () => {
    const own = await viewOf({ limit: 100, used: 100, others: 10, whole: 500 }, 100);
    assert.match(problems.limitReached(own.view.status).message, /^The limit of 100 tokens of today is reached/);
    const whole = await viewOf({ limit: 100, used: 10, others: 490, whole: 500 }, 10);
    assert.match(problems.limitReached(whole.view.status).message, /^The limit of 500 tokens of today is reached/);
  });
});

describe('a subscription’s window that is used up', () => {
  const limits = (...list: Partial<LimitStatus>[]): QuotaStatus =>
    ({
      limits: list.map((limit) => ({
        limit: 100,
        used: limit.percentage ?? 0,
        remaining: 0,
        source: 'reported',
        ...limit,
      })),
      percentage: Math.max(...list.map(({ percentage = 0 }) => percentage)),
      pausedModels: [],
    }) as unknown as QuotaStatus;
  const soon = now + 3_600_000;
  const late = now + 86_400_000;

  it('refuses agents until it starts anew, and no setting is said to help', () => {
    const { message, nextStep } = problems.limitReached(
      limits({ dimension: 'fiveHour', percentage: 100, resetsAt: soon }),
    );
    const at = new Date(soon).toLocaleString();
    assert.equal(
      message,
      `The subscription's 5-hour window is used up; agents are refused until it starts anew, ${at}.`,
    );
    assert.doesNotMatch(nextStep, /raise/);
    assert.match(
      problems.limitReached(limits({ dimension: 'sevenDay', percentage: 104, models: 'opus-5' })).message,
      /^The subscription's 7-day window for opus-5 is used up; agents are refused until it starts anew\.$/,
    );
  });

  it('is told of before limits that only hold requests up, and as the one that opens last', () => {
    const both = limits(
      { dimension: 'tokensPerMinute', percentage: 130 },
      { dimension: 'fiveHour', percentage: 110, resetsAt: soon },
      { dimension: 'sevenDay', percentage: 100, resetsAt: late },
    );
    assert.match(problems.limitReached(both).message, /7-day window is used up/);
    const open = limits({ dimension: 'fiveHour', percentage: 99 }, { dimension: 'tokensPerMinute', percentage: 130 });
    assert.match(problems.limitReached(open).message, /tokens a minute is reached; requests wait\./);
  });
});
