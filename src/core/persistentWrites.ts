import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** The first wait before a write is tried again, and the longest, in milliseconds. */
const firstWaitMs = 500;
const longestWaitMs = 30_000;

/**
 * Writes to the ledger that must not be lost: while the disk is full or the file is held by another program, they are
 * tried again until they succeed.
 */
export class PersistentWrites {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pending = new Map<number, { readonly cause: string; readonly giveUp: () => void }>();
  #next = 0;
  #disposed = false;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Why writes fail now; undefined when none does. */
  get failure(): string | undefined {
    const [first] = this.#pending.values();
    return first?.cause;
  }

  /** Runs a write until it succeeds. @returns its result, whenever that is. */
  async write<T>(what: string, run: () => Promise<T>): Promise<T> {
    const id = this.#next++;
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(longestWaitMs, waitMs * 2)) {
      try {
        const result = await run();
        this.#pending.delete(id);
        return result;
      } catch (error) {
        if (!this.#pending.has(id)) this.#logger.error(`Could not ${what}; it is tried again.`, error);
        await this.#pause(id, error, waitMs);
      }
    }
  }

  /** Gives up what is still failing: the engine ends. Whoever waits for it hears why it failed. */
  dispose(): void {
    this.#disposed = true;
    for (const { giveUp } of this.#pending.values()) giveUp();
  }

  #pause(id: number, error: unknown, waitMs: number): Promise<void> {
    const cause = error instanceof Error ? error : new Error(String(error));
    if (this.#disposed) return Promise.reject(cause);
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(waitMs, resolve);
      const giveUp = (): void => {
        cancel();
        reject(cause);
      };
      this.#pending.set(id, { cause: cause.message, giveUp });
    });
  }
}
