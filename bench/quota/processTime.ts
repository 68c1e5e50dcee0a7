import type { SimulatedClock } from './simulatedClock.ts';

/**
 * Makes a simulated clock the time of this whole thread, so that libraries that know no injected clock run on it.
 * @returns a function that gives the thread its own time back.
 */
export function takeOverProcessTime(clock: SimulatedClock): () => void {
  const own = {
    now: Date.now,
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    setInterval: globalThis.setInterval,
    clearInterval: globalThis.clearInterval,
  };
  const clear = (timer: unknown): void => {
    if (timer instanceof ShownTimer) timer.cancel();
  };
  const replacement = {
    setTimeout: (callback: (...values: unknown[]) => void, delayMs = 0, ...values: unknown[]) =>
      new ShownTimer((timer) => {
        timer.cancel = clock.after(delayMs, () => {
          callback(...values);
        });
      }),
    setInterval: (callback: (...values: unknown[]) => void, delayMs = 0, ...values: unknown[]) =>
      new ShownTimer((timer) => {
        const again = (): void => {
          timer.cancel = clock.after(Math.max(1, delayMs), () => {
            again();
            callback(...values);
          });
        };
        again();
      }),
    clearTimeout: clear,
    clearInterval: clear,
  };
  Date.now = () => clock.now();
  Object.assign(globalThis, replacement);
  return () => {
    const { now, ...timers } = own;
    Date.now = now;
    Object.assign(globalThis, timers);
  };
}

/** What a caller of `setTimeout` gets, as far as libraries use it. */
class ShownTimer {
  cancel: () => void = () => undefined;

  constructor(start: (timer: ShownTimer) => void) {
    start(this);
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
