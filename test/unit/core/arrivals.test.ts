import assert from 'node:assert/strict';
import { Arrivals } from '../../../src/core/arrivals.ts';

describe('arrivals', () => {
  it('are overtaken when a later one was there first, and by no earlier one', () => {
    const arrivals = new Arrivals();
    const [first, second, third] = [arrivals.begin(), arrivals.begin(), arrivals.begin()];
    assert.equal(second(), false);
    assert.equal(first(), true, 'the second has arrived');
    assert.equal(third(), false);
    assert.equal(second(), true);
    assert.equal(arrivals.begin()(), false);
  });
});
