import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { calendarDay } from '../../../src/core/calendarDay.ts';

const hour = 3_600_000;
const module = new URL('../../../src/core/calendarDay.ts', import.meta.url).href;

/** The day of a moment as a process in another time zone sees it. */
function daysIn(zone: string, moments: readonly string[]): { key: string; endsAt: number; hours: number }[] {
  const script = `
    import { calendarDay } from ${JSON.stringify(module)};
    const days = ${JSON.stringify(moments)}.map((moment) => {
      const day = calendarDay(Date.parse(moment));
      const last = calendarDay(day.endsAt - 1).key === day.key;
      const next = calendarDay(day.endsAt).key !== day.key;
      if (!last || !next) throw new Error('the day ends elsewhere');
      return { ...day, hours: (day.endsAt - day.startsAt) / ${hour} };
    });
    console.log(JSON.stringify(days));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, TZ: zone },
    encoding: 'utf8',
  });
  return JSON.parse(output) as { key: string; endsAt: number; hours: number }[];
}

describe('calendar day', () => {
  it('begins and ends at local midnight', () => {
    const midnight = new Date(2026, 0, 31).getTime();
    assert.equal(calendarDay(midnight - 1).key, '2026-01-30');
    assert.equal(calendarDay(midnight - 1).endsAt, midnight);
    assert.deepEqual(calendarDay(midnight), {
      key: '2026-01-31',
      startsAt: midnight,
      endsAt: new Date(2026, 1, 1).getTime(),
    });
    assert.equal(calendarDay(new Date(2027, 11, 31, 23, 59).getTime()).endsAt, new Date(2028, 0, 1).getTime());
  });

  it('has 23 or 25 hours where the clocks change', () => {
    const days = daysIn('Europe/Berlin', [
      '2026-03-29T00:30:00Z',
      '2026-03-29T20:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T22:59:59Z',
      '2026-10-25T23:00:00Z',
    ]);
    assert.deepEqual(
      days.map(({ key, hours }) => [key, hours]),
      [
        ['2026-03-29', 23],
        ['2026-03-29', 23],
        ['2026-10-25', 25],
        ['2026-10-25', 25],
        ['2026-10-25', 25],
        ['2026-10-26', 24],
      ],
    );
  });

  it('ends where a day without midnight begins', () => {
    const [day] = daysIn('America/Sao_Paulo', ['2018-11-03T12:00:00Z']);
    assert.deepEqual(day, {
      key: '2018-11-03',
      startsAt: Date.parse('2018-11-03T03:00:00Z'),
      endsAt: Date.parse('2018-11-04T03:00:00Z'),
      hours: 24,
    });
  });
});
