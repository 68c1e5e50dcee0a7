import type { Clock } from './clock.ts';

/** Resolves when the work is done or the time is over. */
export async function withinTime(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  let stopWaiting = (): void => undefined;
  const limit = new Promise<void>((resolve) => {
    stopWaiting = clock.after(limitMs, resolve);
  });
  await Promise.race([work, limit]);
  stopWaiting();
}
