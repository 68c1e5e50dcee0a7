import { isBusy } from './sqliteDatabase.ts';

/** The most that one transaction takes in: what others wait for it stays short. */
const mostInGroup = 64;
/** How long waits at most what nobody waits for, in milliseconds: the shortest that a timer can. */
const unhurriedMs = 1;

interface Job {
  /** Does it. @returns what tells the result, once it is kept. */
  readonly run: () => () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Gathers what is to be written in one turn of the event loop into one transaction, in the order in which it was asked
 * for: what a transaction costs is shared by those that came together. What nobody waits for lets others come for a
 * moment: as a rule it goes with the next that somebody does wait for.
 */
export class WriteQueue {
  readonly #transaction: <T>(body: () => T) => Promise<T>;
  readonly #jobs: Job[] = [];
  #drained: Promise<void> = Promise.resolve();
  #draining = false;
  #isHurried = false;
  /** Ends the wait of what nobody waits for. */
  #hurry: () => void = () => undefined;

  /** @param transaction runs a function alone, all or nothing; again from the start when the file was busy. */
  constructor(transaction: <T>(body: () => T) => Promise<T>) {
    this.#transaction = transaction;
  }

  /** @throws what `body` throws; then nothing of it is kept, and of the others everything. */
  add<T>(body: () => T): Promise<T> {
    this.#isHurried = true;
    this.#hurry();
    return this.addUnhurried(body);
  }

  /** The same for what may be written a millisecond later. */
  addUnhurried<T>(body: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = (): (() => void) => {
        const result = body();
        return () => {
          resolve(result);
        };
      };
      this.#jobs.push({ run, fail: reject });
      if (!this.#draining) this.#drained = this.#drain();
    });
  }

  /** Resolves when all that was asked for until now is written or has failed, which is hurried by it. */
  caughtUp(): Promise<void> {
    if (!this.#draining) return Promise.resolve();
    const nothing = (): void => undefined;
    return this.add(nothing).catch(nothing);
  }

  /** Resolves when all that was asked for is written or has failed. */
  idle(): Promise<void> {
    return this.#drained;
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#jobs.length > 0) {
      if (!this.#isHurried) await this.#moment();
      // Whatever else arrives in this turn of the event loop comes along.
      await new Promise((resolve) => setImmediate(resolve));
      this.#isHurried = this.#jobs.length > mostInGroup;
      await this.#write(this.#jobs.splice(0, mostInGroup));
    }
    this.#draining = false;
  }

  #moment(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, unhurriedMs);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #write(group: readonly Job[]): Promise<void> {
    try {
      const tell = await this.#transaction(() => group.map(({ run }) => run()));
      for (const each of tell) each();
    } catch (error) {
      // Whose fault it is shows when each is done alone; a busy file is nobody's.
      if (group.length === 1 || isBusy(error)) for (const { fail } of group) fail(error);
      else for (const job of group) await this.#write([job]);
    }
  }
}
