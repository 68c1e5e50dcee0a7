import assert from 'node:assert/strict';

import { TokenBucket } from '../../fakes/tokenBucket.ts';

describe('TokenBucket', () => {
  it('starts full and refills continuously, never above a minute', () => {
    const bucket = new TokenBucket(60, 0);
    bucket.take(60, 0);
    assert.equal(bucket.holds(1, 999), false);
    assert.equal(bucket.holds(1, 1000), true);
    assert.equal(bucket.level(500), 0.5);
    assert.equal(bucket.level(10_000_000), 60);
  });

  it('may be overdrawn and then tells how long it takes', () => {
    const bucket = new TokenBucket(60, 0);
    bucket.take(70, 0);
    assert.equal(bucket.level(0), -10);
    assert.equal(bucket.millisecondsUntil(1, 0), 11_000);
    assert.equal(bucket.millisecondsUntil(1, 11_000), 0);
  });

  it('tells when it is full for more than it can ever hold', () => {
    const bucket = new TokenBucket(60, 0);
    bucket.take(30, 0);
    assert.equal(bucket.millisecondsUntil(1000, 0), 30_000);
    assert.equal(bucket.holds(1000, 30_000), false);
  });

  it('does not drain when the clock goes back', () => {
    const bucket = new TokenBucket(60, 1000);
    bucket.take(10, 1000);
    assert.equal(bucket.level(0), 50);
  });
});
