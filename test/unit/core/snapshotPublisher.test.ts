import assert from 'node:assert/strict';
import type { EngineSnapshot } from '../../../src/core/quotaEngine.ts';
import { SnapshotPublisher } from '../../../src/core/snapshotPublisher.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';

/** As much of a snapshot as a publisher looks at. @param untilReset milliseconds. */
function snapshot(untilReset?: number): EngineSnapshot {
  const limit = { dimension: 'slots', limit: 1, used: 0, remaining: 1, percentage: 0, source: 'setting' } as const;
  const at = 1_000_000;
  const limits = [untilReset === undefined ? limit : { ...limit, resetsAt: at + untilReset }];
  return { at, status: { limits } } as unknown as EngineSnapshot;
}

describe('snapshot publisher', () => {
  let clock: FakeClock;
  let sent: number[];
  let take: () => Promise<EngineSnapshot>;
  let failures: unknown[];
  let publisher: SnapshotPublisher;
  let start: number;

  beforeEach(() => {
    clock = new FakeClock();
    start = clock.now();
    sent = [];
    failures = [];
    take = () => Promise.resolve(snapshot());
    publisher = new SnapshotPublisher(
      clock,
      () => take(),
      () => sent.push(clock.now() - start),
      (error) => failures.push(error),
    );
  });

  it('sends the first change at once, and then four times a second at most', async () => {
    publisher.changed();
    publisher.changed();
    await clock.advance(0);
    assert.deepEqual(sent, [0]);
    for (let at = 0; at < 1000; at += 10) {
      publisher.changed();
      await clock.advance(10);
    }
    assert.deepEqual(sent, [0, 250, 500, 750, 1000]);
    await clock.advance(10_000);
    assert.equal(sent.length, 5, 'nothing has changed any more');
  });

  it('sends every second while limits refill', async () => {
    take = () => Promise.resolve(snapshot(sent.length < 3 ? 1 : undefined));
    publisher.changed();
    await clock.advance(10_000);
    assert.deepEqual(sent, [0, 1000, 2000, 3000]);
  });

  it('leaves a day alone until it ends, and looks once a minute whether it has', async () => {
    take = () => Promise.resolve(snapshot(12 * 3_600_000));
    publisher.changed();
    await clock.advance(180_000);
    assert.deepEqual(sent, [0, 60_000, 120_000, 180_000]);
  });

  it('does not keep a change for the next second', async () => {
    take = () => Promise.resolve(snapshot(1));
    publisher.changed();
    await clock.advance(300);
    publisher.changed();
    await clock.advance(0);
    assert.deepEqual(sent, [0, 300]);
  });

  it('goes on when the clock was set back or forward', async () => {
    publisher.changed();
    await clock.advance(10);
    for (const jump of [-3_600_000, 7_200_000]) {
      clock.jump(jump);
      const before = sent.length;
      publisher.changed();
      await clock.advance(250);
      assert.equal(sent.length, before + 1);
    }
  });

  it('tells a failure and goes on', async () => {
    take = () => Promise.reject(new Error('no snapshot'));
    publisher.changed();
    await clock.advance(0);
    assert.equal(failures.length, 1);
    take = () => Promise.resolve(snapshot());
    publisher.changed();
    await clock.advance(250);
    assert.equal(sent.length, 1);
  });

  it('sends nothing once it is disposed', async () => {
    const slow = Promise.withResolvers<EngineSnapshot>();
    take = () => slow.promise;
    publisher.changed();
    await clock.advance(0);
    publisher.dispose();
    slow.resolve(snapshot(1));
    publisher.changed();
    await clock.advance(10_000);
    assert.deepEqual(sent, []);
    assert.equal(clock.timers, 0);
  });
});
