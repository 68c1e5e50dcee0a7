import assert from 'node:assert/strict';
import fc from 'fast-check';
import { smallestFirst } from '../../../src/core/smallestFirst.ts';
import { propertyRuns } from './propertyRuns.ts';

const isLess = (a: number, b: number): boolean => a < b;

describe('smallest first', () => {
  it('yields what sorting yields, and leaves the items alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (items) => {
        const before = [...items];
        assert.deepEqual(
          [...smallestFirst(items, isLess)],
          [...items].sort((a, b) => a - b),
        );
        assert.deepEqual(items, before);
      }),
      propertyRuns,
    );
  });

  it('compares next to nothing for the first alone', () => {
    const items = Array.from({ length: 1000 }, (_, index) => (index * 7919) % 1000);
    let comparisons = 0;
    const [first] = smallestFirst(items, (a, b) => {
      comparisons += 1;
      return a < b;
    });
    assert.equal(first, 0);
    assert.ok(comparisons <= 2000, `${comparisons} comparisons`);
  });
});
