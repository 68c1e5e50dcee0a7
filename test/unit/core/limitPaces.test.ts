import assert from 'node:assert/strict';
import { LimitPaces } from '../../../src/core/limitPaces.ts';
import type { LimitStatus } from '../../../src/shared/limitStatus.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = new Date(2026, 0, 15, 12).getTime();

function window(used: number, resetsAt: number, more: Partial<LimitStatus> = {}): LimitStatus {
  const whole = { limit: 100, used, remaining: 100 - used, percentage: used, resetsAt };
  return { dimension: 'fiveHour', ...whole, source: 'reported', ...more };
}

describe('paces of limits', () => {
  it('are measured over the last hour once that is known', () => {
    const paces = new LimitPaces();
    const resetsAt = start + 4 * hour;
    for (let at = 0; at <= 120; at += 0.25)
      paces.take([window(at < 60 ? 10 : 10 + (at - 60) / 6, resetsAt)], start + at * minute);
    const [found] = paces.take([window(20, resetsAt)], start + 120 * minute);
    assert.ok(found);
    assert.ok(Math.abs(found.perHour - 10) < 0.2, String(found.perHour));
    assert.ok(found.measuredMs >= hour && found.measuredMs <= hour + minute);
  });

  it('begin anew with the window, whose end may be told a few seconds off', () => {
    const paces = new LimitPaces();
    const resetsAt = start + hour;
    for (let at = 0; at < 60; at += 1) paces.take([window(at, resetsAt + (at % 2) * 2000)], start + at * minute);
    const [before] = paces.take([window(59, resetsAt)], start + 59 * minute);
    assert.equal(before?.measuredMs, 59 * minute);
    const [after] = paces.take([window(2, resetsAt + 5 * hour)], start + 62 * minute);
    assert.deepEqual([after?.perHour, after?.measuredMs], [60, 2 * minute]);
  });

  it('are of the machine’s own part where its own bound is nearest', () => {
    const midnight = new Date(2026, 0, 16).getTime();
    const day = (own: LimitStatus['own'], remaining: number) =>
      window(400, midnight, { dimension: 'tokensPerDay', limit: 1000, remaining, ...(own !== undefined && { own }) });
    const paces = new LimitPaces();
    const [whole] = paces.take([day({ used: 10, limit: 100 }, 90)], start);
    assert.equal(whole?.perHour, 400 / 12);
    const [own] = paces.take([day({ used: 60, limit: 100 }, 40)], start + hour);
    assert.equal(own?.perHour, 60 / 13);
    assert.equal(own.reachedAt, start + hour + Math.round((40 / 60) * 13 * hour));
  });

  it('are those of the day and of windows, and of each group of models', () => {
    const midnight = new Date(2026, 0, 16).getTime();
    const found = new LimitPaces().take(
      [
        window(10, start + hour, { models: 'opus-5' }),
        window(20, start + 24 * hour, { dimension: 'sevenDay' }),
        window(50, midnight, { dimension: 'tokensPerDay', limit: 100 }),
        window(50, start + 30_000, { dimension: 'tokensPerMinute' }),
        window(50, start, { dimension: 'fiveHour' }),
        { ...window(50, start), dimension: 'slots' },
      ],
      start,
    );
    assert.deepEqual(
      found.map(({ dimension, models, measuredMs }) => [dimension, models, measuredMs / hour]),
      [
        ['fiveHour', 'opus-5', 4],
        ['sevenDay', undefined, 6 * 24],
        ['tokensPerDay', undefined, 12],
      ],
    );
  });
});
