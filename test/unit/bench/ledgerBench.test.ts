import assert from 'node:assert/strict';
import { decisionsPerSecond } from '../../../bench/ledger/decisions.ts';
import { latenciesOf, medianOf } from '../../../bench/ledger/latencies.ts';
import { pacedTimes } from '../../../bench/ledger/pacedTimes.ts';

describe('the ledger benchmark', () => {
  it('decides lines of which some requests go', () => {
    assert.ok(decisionsPerSecond(20) > 1000);
  });

  it('tells distributions, and medians of rounds', () => {
    const round = latenciesOf([3, 1, 2]);
    assert.deepEqual(round, { count: 3, p50: 2, p99: 3, worst: 3 });
    const rounds = [round, { ...round, p99: 9 }, { ...round, p99: 5 }];
    assert.deepEqual(medianOf(rounds), { count: 9, p50: 2, p99: 5, worst: 3 });
  });

  it('keeps its pace', async () => {
    let calls = 0;
    const times = await pacedTimes(() => Promise.resolve((calls += 1)), 100, 200);
    assert.ok(times.length >= 5 && times.length <= 30, `${times.length}`);
    assert.ok(calls > times.length, 'not all calls are measured');
  });
});
