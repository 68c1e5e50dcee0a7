import assert from 'node:assert/strict';
import fc from 'fast-check';
import { projectLimit, type UseSample } from '../../../src/core/projectLimit.ts';
import type { LimitProjection } from '../../../src/shared/limitProjection.ts';
import type { LimitStatus } from '../../../src/shared/limitStatus.ts';
import { propertyRuns } from './propertyRuns.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = Date.UTC(2026, 0, 15, 12);

function limit(used: number, resetsAt: number, whole = 100): LimitStatus & { readonly resetsAt: number } {
  const remaining = Math.max(0, whole - used);
  return { dimension: 'fiveHour', limit: whole, used, remaining, percentage: used, resetsAt, source: 'reported' };
}

/** Samples once a minute until now, each so much above the one before. */
function rising(steps: readonly number[]): { samples: UseSample[]; used: number } {
  let used = 0;
  const samples = steps.map((step, index) => {
    used += step;
    return { at: now - (steps.length - index) * minute, used };
  });
  return { samples, used };
}

describe('projection of a limit', () => {
  it('of an even pace is when it is used up, for certain', () => {
    const samples = Array.from({ length: 61 }, (_, at) => ({ at: now - hour + at * minute, used: 30 + at / 3 }));
    const found = projectLimit(limit(50, now + 4 * hour), { samples, startsAt: now - hour }, now);
    assert.ok(Math.abs(found.perHour - 20) < 1e-6, String(found.perHour));
    assert.ok(Math.abs((found.reachedAt ?? 0) - (now + 2.5 * hour)) < minute);
    assert.ok(Math.abs((found.earliestAt ?? 0) - (found.latestAt ?? 0)) < minute);
    assert.deepEqual([found.outlook, found.measuredMs], ['likely', hour]);
  });

  it('is less certain the less even the pace is', () => {
    const even = rising(Array.from({ length: 60 }, () => 1));
    const uneven = rising(Array.from({ length: 60 }, (_, at) => (at % 30 === 0 ? 30 : 0)));
    const of = ({ samples, used }: typeof even): LimitProjection =>
      projectLimit(limit(used, now + 5 * hour, 200), { samples, startsAt: now - hour }, now);
    const width = ({ perHourRange: [least, most] }: LimitProjection): number => most - least;
    assert.ok(width(of(uneven)) > 10 * width(of(even)));
  });

  it('takes the mean since the start, half or double, while little is measured', () => {
    const samples = [{ at: now - minute, used: 40 }];
    const found = projectLimit(limit(40, now + 3 * hour), { samples, startsAt: now - 2 * hour }, now);
    assert.deepEqual([found.perHour, found.perHourRange, found.measuredMs], [20, [10, 40], 2 * hour]);
    assert.deepEqual(
      [found.reachedAt, found.earliestAt, found.latestAt],
      [now + 3 * hour, now + 1.5 * hour, now + 6 * hour],
    );
    assert.equal(found.outlook, 'possible');
  });

  it('of what nobody uses now is never, and not likely', () => {
    const samples = [{ at: now - hour, used: 40 }];
    const found = projectLimit(limit(40, now + hour), { samples, startsAt: now - 4 * hour }, now);
    assert.deepEqual(
      [found.perHour, found.reachedAt, found.earliestAt, found.outlook],
      [0, undefined, undefined, 'unlikely'],
    );
  });

  it('of what is used up is now', () => {
    const found = projectLimit(limit(104, now + hour), { samples: [], startsAt: now - 4 * hour }, now);
    assert.deepEqual([found.reachedAt, found.latestAt, found.outlook], [now, now, 'reached']);
  });

  it('never contradicts itself', () => {
    const steps = fc.array(fc.double({ min: -2, max: 20, noNaN: true }), { maxLength: 90 });
    const whole = fc.integer({ min: 1, max: 10_000_000 });
    const resetIn = fc.integer({ min: 1, max: 7 * 24 * hour });
    const since = fc.integer({ min: 0, max: 7 * 24 * hour });
    fc.assert(
      fc.property(steps, whole, resetIn, since, (taken, most, ahead, before) => {
        const { samples, used } = rising(taken);
        const given = limit(Math.max(0, used), now + ahead, most);
        const found = projectLimit(given, { samples, startsAt: now - before }, now);
        const { perHour, perHourRange, reachedAt = Infinity, earliestAt = Infinity, latestAt = Infinity } = found;
        for (const pace of [perHour, ...perHourRange]) assert.ok(Number.isFinite(pace) && pace >= 0);
        assert.ok(perHourRange[0] <= perHour * (1 + 1e-9) && perHour <= perHourRange[1] * (1 + 1e-9));
        assert.ok(now <= earliestAt && earliestAt <= reachedAt + 1 && reachedAt <= latestAt + 1);
        assert.equal(found.outlook === 'reached', given.remaining <= 0);
        if (found.outlook === 'likely') assert.ok(reachedAt < given.resetsAt);
        if (found.outlook === 'possible') assert.ok(reachedAt >= given.resetsAt && earliestAt < given.resetsAt);
        if (found.outlook === 'unlikely') assert.ok(earliestAt >= given.resetsAt);
      }),
      propertyRuns,
    );
  });
});
