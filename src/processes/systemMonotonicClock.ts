import type { MonotonicClock } from '../core/monotonicClock.ts';
import { systemClock } from './systemClock.ts';

/**
 * The machine's clocks. Source: Node.js documentation, `process.hrtime.bigint()`: it is the system's monotonic clock
 * (libuv's `uv_hrtime`), which counts since the machine's start and so is the same for all of its processes.
 */
export const systemMonotonicClock: MonotonicClock = {
  ...systemClock,
  monotonic: () => Number(process.hrtime.bigint() / 1000n) / 1000,
};
