import assert from 'node:assert/strict';
import { rerun } from '../../../src/core/rerun.ts';
import { settled } from '../../fakes/fakeClock.ts';

describe('rerun', () => {
  it('runs one at a time, and once more for whatever was asked meanwhile', async () => {
    let running = 0;
    let runs = 0;
    let release = (): void => undefined;
    const ask = rerun(
      async () => {
        running += 1;
        runs += 1;
        assert.equal(running, 1);
        await new Promise<void>((resolve) => (release = resolve));
        running -= 1;
      },
      (error) => {
        throw error;
      },
    );
    ask();
    for (let times = 0; times < 3; times += 1) ask();
    await settled();
    assert.equal(runs, 1);
    release();
    await settled();
    assert.equal(runs, 2);
    release();
    await settled();
    assert.equal(runs, 2);
    ask();
    assert.equal(runs, 3);
    release();
  });

  it('tells a failure, and runs again when asked', async () => {
    const failures: unknown[] = [];
    let runs = 0;
    const ask = rerun(
      () => {
        runs += 1;
        return Promise.reject(new Error(`run ${runs}`));
      },
      (error) => failures.push(error),
    );
    ask();
    ask();
    await settled();
    ask();
    await settled();
    assert.deepEqual(failures.map(String), ['Error: run 1', 'Error: run 2', 'Error: run 3']);
  });
});
