import assert from 'node:assert/strict';
import type { HistoryPart } from '../../../src/core/historyPart.ts';
import { mostSeries, seriesOf } from '../../../src/core/historySeries.ts';
import { amountTokens, type HistoryOrigin, noAmount } from '../../../src/shared/usageHistory.ts';

/** So many agents, each with one token less than the one before. */
function parts(origin: HistoryOrigin, agents: number, most: number): HistoryPart[] {
  return Array.from({ length: agents }, (_, index) => ({
    at: 0,
    origin,
    isOwn: true,
    owner: `${origin} ${index}`,
    sessionId: undefined,
    model: undefined,
    amount: { ...noAmount, requests: 1, inputTokens: most - index },
  }));
}

describe('the layers of a history', () => {
  const shown = (all: readonly HistoryPart[]): (readonly [HistoryOrigin, string | undefined, number, number])[] =>
    seriesOf(all, 'agent', [0]).map(({ origin, key, members, sum }) => [origin, key, members, amountTokens(sum)]);

  it('are as many as have a colour, whatever origins the small ones have', () => {
    const all = [...parts('quota', 10, 1000), ...parts('machines', 3, 30), ...parts('elsewhere', 2, 20)];
    const found = shown(all);
    assert.equal(found.length, mostSeries);
    assert.deepEqual(found.slice(-3), [
      ['quota', undefined, 6, 6 * 1000 - (4 + 5 + 6 + 7 + 8 + 9)],
      ['machines', undefined, 3, 30 + 29 + 28],
      ['elsewhere', undefined, 2, 20 + 19],
    ]);
  });

  it('leave no colour unused, and none is the sum of one', () => {
    const one = shown(parts('quota', 10, 1000));
    assert.deepEqual([one.length, one.at(-1)], [mostSeries, ['quota', undefined, 4, 4 * 1000 - (6 + 7 + 8 + 9)]]);
    const two = shown([...parts('quota', 10, 1000), ...parts('machines', 1, 5)]);
    assert.deepEqual([two.length, two.at(-1)], [mostSeries, ['machines', 'machines 0', 1, 5]]);
  });
});
