import type { Clock } from '../core/clock.ts';

/** The longest that a timer can wait (24.8 days); a longer one would fire at once. */
const longestTimerMs = 0x7fffffff;

/** The machine's clock and this process's timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), longestTimerMs));
    return () => {
      clearTimeout(timer);
    };
  },
};
