import type { Clock } from './clock.ts';

/** A clock that also tells time that only goes forward. */
export interface MonotonicClock extends Clock {
  /**
   * Milliseconds since some moment, the same for all processes of this machine; not moved when the wall clock is set. It
   * may stand still while the machine sleeps.
   */
  monotonic(): number;
}
