import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls are made without pause for so long before they are measured: while code is compiled, caches fill, and the young
 * generation grows to what it is in an engine that has worked for a while.
 */
const warmUpMs = 3000;

/**
 * Times calls at a steady rate, one at a time.
 * @param perSecond how many calls; undefined: one after the other.
 * @returns milliseconds of each.
 */
export async function pacedTimes(
  call: (index: number) => Promise<unknown>,
  perSecond: number | undefined,
  durationMs: number,
): Promise<number[]> {
  const warmAt = performance.now() + warmUpMs;
  for (let index = 0; performance.now() < warmAt; index += 1) await call(index);
  const times: number[] = [];
  const start = performance.now();
  for (let index = 0; performance.now() - start < durationMs; index += 1) {
    const early = perSecond === undefined ? 0 : start + (index * 1000) / perSecond - performance.now();
    if (early > 0) await sleep(early);
    const begun = performance.now();
    await call(index);
    times.push(performance.now() - begun);
  }
  return times;
}
