import assert from 'node:assert/strict';
import { WaitingLine } from '../../../src/core/waitingLine.ts';
import type { LineRun } from '../../../src/core/ledger.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';

const nothing: LineRun = { decided: new Map(), nextAt: undefined };
const admitted: LineRun = { decided: new Map([['a', { kind: 'admitted' }]]), nextAt: undefined };

/** A line whose runs are counted, and one request, `a`, that is about to be put into it. */
function given() {
  const clock = new FakeClock();
  const runs: LineRun[] = [];
  const decided: string[] = [];
  let count = 0;
  const line = new WaitingLine(
    clock,
    () => {
      count += 1;
      const run = runs.shift();
      return run === undefined ? Promise.reject(new Error('no run')) : Promise.resolve(run);
    },
    () => undefined,
  );
  const place = line.join('a', ({ kind }) => decided.push(kind));
  return { clock, line, place, runs, decided, count: () => count };
}

describe('the requests of an engine that wait in the line', () => {
  it('do not run the line while none of them waits there', async () => {
    const { line, place, decided, count } = given();
    line.run();
    assert.equal(place.enqueued(admitted), false);
    line.run();
    place.over();
    line.run();
    await settled();
    assert.deepEqual([decided, count()], [['admitted'], 0]);
  });

  it('miss no change that comes while they are put into it', async () => {
    const { line, place, runs, decided, count } = given();
    line.run();
    runs.push(admitted);
    assert.equal(place.enqueued(nothing), true);
    await settled();
    assert.deepEqual([decided, count()], [['admitted'], 1]);
  });

  it('run it at each change while they wait, and no longer', async () => {
    const { line, place, runs, count } = given();
    place.enqueued(nothing);
    await settled();
    assert.equal(count(), 0);
    runs.push(nothing);
    line.run();
    await settled();
    assert.equal(count(), 1);
    place.over();
    line.run();
    await settled();
    assert.equal(count(), 1);
  });

  it('run it when it moves by itself, and again after a failure', async () => {
    const { clock, place, runs, decided, count } = given();
    place.enqueued({ decided: new Map(), nextAt: clock.now() + 300 });
    await clock.advance(299);
    assert.equal(count(), 0);
    await clock.advance(1);
    assert.equal(count(), 1);
    runs.push(admitted);
    await clock.advance(1000);
    assert.deepEqual([decided, count()], [['admitted'], 2]);
  });

  it('are all told when nobody serves them any more', () => {
    const { line, place, decided } = given();
    place.enqueued(nothing);
    line.dispose();
    assert.deepEqual(decided, ['gone']);
  });
});

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}
