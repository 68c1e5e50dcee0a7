import { setTimeout as sleep } from 'node:timers/promises';

/** Calls not measured at the start, while code is compiled and caches fill. */
const warmUpCalls = 200;

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
  for (let index = 0; index < warmUpCalls; index += 1) await call(index);
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
