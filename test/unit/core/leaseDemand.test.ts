import assert from 'node:assert/strict';
import { pacedOn } from '../../../src/core/leaseDemand.ts';
import { amountsOf, nothing, type RateAmounts } from '../../../src/core/rateLimits.ts';

/** Ten requests a second, looked at once a second. */
const everyMs = 1000;
const taken = amountsOf(() => 10);
const full = 10 / everyMs;

describe('the pace that is leased ahead for', () => {
  it('follows within seconds who begins to work', () => {
    assert.ok(paceAfter(2, taken, nothing, false) > full * 0.8);
  });

  it('rises slowly where there is little for all', () => {
    assert.ok(paceAfter(2, taken, nothing, true) < full * 0.3);
  });

  for (const isScarce of [false, true]) {
    it(`is forgotten slowly, so that a pause of seconds costs nobody a wait (scarce: ${isScarce})`, () => {
      const after = paceAfter(
        3,
        nothing,
        amountsOf(() => full),
        isScarce,
      );
      assert.ok(after > full * 0.6 && after < full * 0.8, String(after));
    });
  }
});

function paceAfter(seconds: number, each: RateAmounts, from: RateAmounts, isScarce: boolean): number {
  let pace = from;
  for (let second = 0; second < seconds; second += 1) pace = pacedOn(pace, each, everyMs, isScarce);
  return pace.requestsPerMinute;
}
