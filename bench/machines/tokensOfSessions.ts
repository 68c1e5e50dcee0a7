import type { Tally } from '../quota/tally.ts';

/**
 * The tokens that each session was given: where all want more all the time, what fair sharing makes equal.
 * @param sessions how many there are; one that was given nothing has 0.
 * @param from the first second that counts.
 */
export function tokensOfSessions({ admissions, seconds }: Tally, sessions: number, from: number): readonly number[] {
  const given = new Array<number>(sessions).fill(0);
  for (const { agent, atMs, amounts } of admissions) {
    if (atMs < from * 1000 || atMs >= seconds.length * 1000) continue;
    given[agent] = (given[agent] ?? 0) + amounts.tokensPerMinute;
  }
  return given;
}
