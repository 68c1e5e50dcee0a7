import assert from 'node:assert/strict';
import {
  availability,
  charged,
  corrected,
  holding,
  mostLatenessMs,
  refilled,
  type TokenBucket,
} from '../../../src/core/tokenBucket.ts';

describe('token bucket', () => {
  const bucket: TokenBucket = { used: 60, at: 1_000_000, held: 5 };

  it('refills continuously, whole in a minute, and not what is held', () => {
    assert.deepEqual(refilled(bucket, 60, 1_015_000), { used: 45, at: 1_015_000, held: 5 });
    assert.deepEqual(refilled(bucket, 60, 1_060_000), { used: 0, at: 1_060_000, held: 5 });
    assert.deepEqual(refilled(bucket, 60, 9_000_000), { used: 0, at: 9_000_000, held: 5 });
  });

  it('without a limit is never used', () => {
    assert.deepEqual(refilled(bucket, undefined, 1_000_001), { used: 0, at: 1_000_001, held: 5 });
  });

  it('stays as it is for a caller that comes late, and follows a clock that was set back', () => {
    assert.deepEqual(refilled(bucket, 60, bucket.at - mostLatenessMs), bucket);
    const earlier = bucket.at - mostLatenessMs - 1;
    assert.deepEqual(refilled(bucket, 60, earlier), { ...bucket, at: earlier });
  });

  it('moves what was held to what is used', () => {
    assert.deepEqual(charged(bucket, 3, 2), { used: 63, at: bucket.at, held: 3 });
    assert.deepEqual(charged(bucket, 9, 7), { used: 69, at: bucket.at, held: 0 });
    assert.deepEqual(holding(bucket, 4), { ...bucket, held: 9 });
    assert.deepEqual(holding(bucket, -9), { ...bucket, held: 0 });
  });

  it('is overdrawn by ten minutes at most, whatever was counted', () => {
    const absurd = charged({ used: 0, at: 0, held: 0 }, 1e9, 0);
    assert.equal(refilled(absurd, 100, 0).used, 1000);
    assert.deepEqual(refilled(absurd, 100, 10 * 60_000), { used: 0, at: 600_000, held: 0 });
    const long = charged({ used: 50, at: 0, held: 0 }, 250, 0);
    assert.equal(refilled(long, 100, 0).used, 300);
  });

  it('says when an amount can be taken', () => {
    const at = bucket.at;
    assert.deepEqual(availability({ used: 40, at, held: 10 }, 60, 10), { kind: 'now' });
    assert.deepEqual(availability({ used: 40, at, held: 10 }, 60, 11), { kind: 'later', at: at + 1000 });
    assert.deepEqual(availability({ used: 40, at, held: 10 }, 60, 50), { kind: 'later', at: at + 40_000 });
    assert.deepEqual(availability({ used: 40, at, held: 10 }, 60, 51), { kind: 'held' });
    assert.deepEqual(availability({ used: 40, at, held: 0 }, 60, 1000), { kind: 'later', at: at + 40_000 });
    assert.deepEqual(availability({ used: 60, at, held: 60 }, 60, 0), { kind: 'now' });
    assert.deepEqual(availability({ used: 60, at, held: 60 }, undefined, 1000), { kind: 'now' });
    assert.deepEqual(availability({ used: 60 - 1e-7, at, held: 0 }, 60, 1e-7), { kind: 'now' });
  });

  it('rounds the moment up, so that it suffices', () => {
    const when = availability({ used: 7, at: 0, held: 0 }, 7, 1);
    assert.deepEqual(when, { kind: 'later', at: 8572 });
    assert.deepEqual(availability(refilled({ used: 7, at: 0, held: 0 }, 7, 8572), 7, 1), { kind: 'now' });
  });

  it('is always later by something the clock can tell, however little is lacking', () => {
    const at = 1_768_478_403_677;
    const sliver: TokenBucket = { used: 100_000 - 10 + 1e-6, at, held: 0 };
    assert.deepEqual(availability(sliver, 100_000, 10), { kind: 'later', at: at + 1 });
  });

  it('takes on what others used, as far as the report shows it', () => {
    assert.equal(corrected({ used: 10, at: 0, held: 5 }, 60, 30, 0).used, 25);
    assert.equal(corrected({ used: 10, at: 0, held: 5 }, 60, 30, 4).used, 21);
    const same: TokenBucket = { used: 30, at: 0, held: 0 };
    assert.equal(corrected(same, 60, 30, 0), same);
    assert.equal(corrected(same, 60, 60, 0), same);
  });
});
