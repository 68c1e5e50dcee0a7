import type { Clock } from '../core/clock.ts';

/** How often is looked while there is something to look after, in milliseconds. */
const everyMs = 250;

/** Looks after something while there is anything to look after, and sleeps otherwise. */
export class LeaseWatch {
  readonly #clock: Clock;
  readonly #look: () => Promise<'watch' | 'sleep'>;
  readonly #failed: (error: unknown) => void;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  #closed = false;

  /** @param look does what is to be done. @returns whether to look again soon, or only when woken. */
  constructor(clock: Clock, look: () => Promise<'watch' | 'sleep'>, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#look = look;
    this.#failed = failed;
  }

  /** Something has changed: it is looked soon. */
  wake(): void {
    if (this.#looking !== undefined) this.#again = true;
    else this.#schedule();
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#looking;
  }

  #schedule(): void {
    if (this.#closed || this.#cancel !== undefined) return;
    this.#cancel = this.#clock.after(everyMs, () => {
      this.#cancel = undefined;
      this.#looking = this.#run().finally(() => (this.#looking = undefined));
    });
  }

  async #run(): Promise<void> {
    this.#again = false;
    let next: 'watch' | 'sleep' = 'watch';
    try {
      next = await this.#look();
    } catch (error) {
      this.#failed(error);
    }
    if (next === 'watch' || this.#needsAnother()) this.#schedule();
  }

  #needsAnother(): boolean {
    return this.#again;
  }
}
