import assert from 'node:assert/strict';
import { expectedPace, pacedOn, recentPace, type RecentPace } from '../../../src/core/leaseDemand.ts';
import { amountsOf, nothing, type RateAmounts } from '../../../src/core/rateLimits.ts';

/** Ten requests a second. */
const full = 10 / 1000;

describe('the pace that is leased ahead for', () => {
  it('is forgotten slowly, so that a pause of seconds costs nobody a wait', () => {
    const after = pacedOn(
      amountsOf(() => full),
      nothing,
      3000,
    ).requestsPerMinute;
    assert.ok(after > full * 0.6 && after < full * 0.8, String(after));
  });

  it('is within a second that of who begins to work, while the limits are far', () => {
    const { pace, recent } = afterOneSecond();
    assert.ok(pace.requestsPerMinute < full * 0.2);
    assert.equal(expectedPace(pace, recent, false).requestsPerMinute, full);
  });

  it('follows slowly where there is little for all', () => {
    const { pace, recent } = afterOneSecond();
    assert.equal(expectedPace(pace, recent, true), pace);
  });

  it('is not what a few requests of less than a second make it look like', () => {
    const begin = recentPace(undefined, nothing, 0);
    assert.equal(recentPace(begin, total(5), 200).pace, nothing);
  });

  it('is taken anew after a restart of the machine, whose clock began anew', () => {
    const before = recentPace(undefined, total(5), 100_000);
    assert.deepEqual(recentPace(before, total(6), 10), { pace: nothing, at: 10, taken: total(6) });
  });
});

/** Looked at five times, as a machine does that asks for more again and again. */
function afterOneSecond(): { pace: RateAmounts; recent: RecentPace } {
  let pace: RateAmounts = nothing;
  let recent = recentPace(undefined, nothing, 0);
  for (let look = 1; look <= 5; look += 1) {
    pace = pacedOn(pace, total(2), 200);
    recent = recentPace(recent, total(2 * look), 200 * look);
  }
  return { pace, recent };
}

function total(requests: number): RateAmounts {
  return amountsOf(() => requests);
}
