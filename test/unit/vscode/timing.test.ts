import assert from 'node:assert/strict';
import { Throttle } from '../../../src/vscode/throttle.ts';
import { Ticker } from '../../../src/vscode/ticker.ts';
import { ManualClock } from './manualClock.ts';

describe('timing', () => {
  it('runs at once, then once an interval, and after the last change', () => {
    const clock = new ManualClock();
    const runs: number[] = [];
    const throttle = new Throttle(250, clock, () => runs.push(clock.now()));
    for (let i = 0; i < 100; i++) {
      throttle.request();
      clock.advance(10);
    }
    clock.advance(1000);
    assert.deepEqual(runs, [0, 250, 500, 750, 1000]);
  });

  it('runs no more once disposed', () => {
    const clock = new ManualClock();
    let runs = 0;
    const throttle = new Throttle(250, clock, () => runs++);
    throttle.request();
    throttle.request();
    throttle.dispose();
    const ticker = new Ticker(100, clock, () => runs++);
    clock.advance(250);
    ticker.dispose();
    clock.advance(1000);
    assert.equal(runs, 3);
    assert.equal(clock.waiting, 0);
  });

  it('lets a tick dispose its ticker', () => {
    const clock = new ManualClock();
    const ticker = new Ticker(100, clock, () => {
      ticker.dispose();
    });
    clock.advance(100);
    assert.equal(clock.waiting, 0);
  });
});
