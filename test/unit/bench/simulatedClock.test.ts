import assert from 'node:assert/strict';
import { takeOverProcessTime } from '../../../bench/quota/processTime.ts';
import { SimulatedClock } from '../../../bench/quota/simulatedClock.ts';

describe('the simulated clock', () => {
  it('runs timers in order of time, then of setting, with what promises set going in between', async () => {
    const clock = new SimulatedClock(0);
    const seen: string[] = [];
    const note = (what: string): void => {
      seen.push(`${clock.now()} ${what}`);
    };
    for (const delayMs of [30, 10, 20, 10]) {
      clock.after(delayMs, () => {
        note('timer');
        void Promise.resolve().then(() => {
          note('promise');
        });
      });
    }
    clock.after(15, () => {
      note('cancelled');
    })();
    await clock.run(25);
    assert.deepEqual(seen, ['10 timer', '10 promise', '10 timer', '10 promise', '20 timer', '20 promise']);
    assert.equal(clock.now(), 25);
  });

  it('keeps many timers in order', async () => {
    const clock = new SimulatedClock(0);
    const due: number[] = [];
    for (let index = 0; index < 500; index += 1) {
      clock.after((index * 7919) % 1000, () => due.push(clock.now()));
    }
    await clock.run(1000);
    assert.equal(due.length, 500);
    assert.deepEqual(
      due,
      [...due].sort((a, b) => a - b),
    );
  });

  it('stands in for the time of the process, and gives it back', async () => {
    const clock = new SimulatedClock(5000);
    const own = setTimeout;
    const giveBack = takeOverProcessTime(clock);
    const seen: number[] = [];
    try {
      setTimeout(() => seen.push(Date.now()), 100);
      clearTimeout(setTimeout(() => seen.push(-1), 50));
      const interval = setInterval(() => seen.push(Date.now()), 40).unref();
      await clock.run(5110);
      clearInterval(interval);
      await clock.run(6000);
    } finally {
      giveBack();
    }
    assert.deepEqual(seen, [5040, 5080, 5100]);
    assert.equal(setTimeout, own);
    assert.ok(Date.now() > 1e12);
  });
});
