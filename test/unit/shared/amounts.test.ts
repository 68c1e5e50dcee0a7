import assert from 'node:assert/strict';
import {
  formatAge,
  formatCount,
  formatCountdown,
  formatNumberOf,
  formatPercentage,
} from '../../../src/shared/amounts.ts';

describe('amounts', () => {
  it('writes counts with three figures at most', () => {
    const expected: Readonly<Record<string, string>> = {
      '-3': '0',
      0: '0',
      999: '999',
      1000: '1k',
      1234: '1.2k',
      12_345: '12.3k',
      99_960: '100k',
      123_456: '123k',
      999_499: '999k',
      999_500: '1M',
      1_250_000: '1.3M',
      2_000_000_000: '2G',
    };
    for (const [count, text] of Object.entries(expected)) assert.equal(formatCount(Number(count)), text, count);
  });

  it('never says 100% before it is reached', () => {
    const cases = [-1, 0, 0.2, 1, 42.9, 99.9, 100, 130.4].map(formatPercentage);
    assert.deepEqual(cases, ['0%', '0%', '<1%', '1%', '42%', '99%', '100%', '130%']);
  });

  it('rounds times to go up and times gone by down', () => {
    const countdowns = [-5, 0, 1, 58_001, 59_500, 60_000, 60_001, 3_600_000, 7_500_000, 86_400_000, 97_200_000];
    assert.deepEqual(countdowns.map(formatCountdown), [
      '1 s',
      '1 s',
      '1 s',
      '59 s',
      '1 min',
      '1 min',
      '2 min',
      '1 h',
      '2 h 5 min',
      '1 d',
      '1 d 3 h',
    ]);
    const ages = [0, 59_999, 60_000, 119_999, 7_500_000].map(formatAge);
    assert.deepEqual(ages, ['under 1 min', 'under 1 min', '1 min', '1 min', '2 h 5 min']);
  });

  it('counts things', () => {
    assert.deepEqual([formatNumberOf(1, 'agent'), formatNumberOf(2, 'agent')], ['1 agent', '2 agents']);
  });
});
