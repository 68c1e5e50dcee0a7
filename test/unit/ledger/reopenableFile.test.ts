import assert from 'node:assert/strict';
import { watchForFile } from '../../../src/ledger/reopenableFile.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';

describe('a watch for a ledger’s file that could not be opened', () => {
  let clock: FakeClock;
  let opens: boolean;
  let live: number;
  let tries: number;
  let reopened: number;
  let stop: () => void;

  beforeEach(() => {
    clock = new FakeClock();
    opens = false;
    live = 0;
    tries = 0;
    reopened = 0;
    stop = watchForFile({
      clock,
      tryFile: () => {
        tries += 1;
        return opens ? Promise.resolve() : Promise.reject(new Error('It is locked.'));
      },
      mayLeave: () => (live < 0 ? Promise.reject(new Error('closed')) : Promise.resolve(live === 0)),
      reopened: () => {
        reopened += 1;
      },
    });
  });

  it('tells once when it can be opened', async () => {
    await clock.advance(30_000);
    assert.deepEqual([tries, reopened], [6, 0]);
    opens = true;
    await clock.advance(5000);
    assert.deepEqual([tries, reopened, clock.timers], [7, 1, 0]);
  });

  it('waits for the sessions that only the ledger in memory knows', async () => {
    opens = true;
    live = 2;
    await clock.advance(60_000);
    assert.deepEqual([tries, reopened], [12, 0]);
    live = -1;
    await clock.advance(5000);
    live = 0;
    await clock.advance(5000);
    assert.deepEqual([tries, reopened], [14, 1]);
  });

  it('ends with the engine', async () => {
    opens = true;
    stop();
    await clock.advance(60_000);
    assert.deepEqual([tries, reopened, clock.timers], [0, 0, 0]);
  });
});
