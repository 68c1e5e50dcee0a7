import type { ForcedFault } from './upstreamBehaviour.ts';

/** The faults still to come. Each request takes the first one; one that is `untilCleared` stays in front. */
export class FaultQueue {
  #faults: readonly ForcedFault[] = [];

  /** Forgets what was still to come. */
  replace(faults: readonly ForcedFault[]): void {
    this.#faults = faults.filter(
      (fault) => fault.times === undefined || fault.times === 'untilCleared' || fault.times > 0,
    );
  }

  remaining(): readonly ForcedFault[] {
    return this.#faults;
  }

  /** The fault that the next request meets, if any. */
  take(): ForcedFault | undefined {
    const [first, ...rest] = this.#faults;
    if (first === undefined || first.times === 'untilCleared') {
      return first;
    }
    const left = (first.times ?? 1) - 1;
    this.#faults = left > 0 ? [{ ...first, times: left }, ...rest] : rest;
    return first;
  }
}
