/** The time and the waiting that the core is given; a fake in tests, the process's own in the engine. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls back once after `delayMs` milliseconds (at once when ≤ 0, but never within this call).
   * @returns a function that cancels the call; harmless afterwards.
   */
  after(delayMs: number, callback: () => void): () => void;
}
