import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UnderWay } from '../../../src/loopback/underWay.ts';

describe('UnderWay', () => {
  it('holds what was added and not taken out, in whatever order that came', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 })), (turns) => {
        const underWay = new UnderWay<number>();
        const expected = new Map<number, () => void>();
        for (const [turn, choice] of turns.entries()) {
          const taken = [...expected.keys()][choice];
          if (taken === undefined) expected.set(turn, underWay.add(turn));
          else {
            expected.get(taken)?.();
            expected.delete(taken);
          }
          assert.deepEqual(new Set(underWay.items()), new Set(expected.keys()));
          assert.equal(underWay.items().length, expected.size);
          assert.ok([...expected.keys()].every((item) => underWay.some((each) => each === item)));
        }
      }),
    );
  });
});
