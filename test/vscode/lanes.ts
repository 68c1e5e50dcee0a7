/** Runs what it is given in the order in which it is given, some at a time, once it is open. */
export class Lanes {
  readonly #waiting: (() => Promise<void>)[] = [];
  #free = 0;

  /** @returns resolves, or rejects, as the work does. */
  run<T>(work: () => Promise<T>): () => Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Whoever asks for it later is told of a failure then.
    promise.catch(() => undefined);
    this.#waiting.push(() => work().then(resolve, reject));
    this.#next();
    return () => promise;
  }

  /** @param lanes how many works at a time. */
  open(lanes: number): void {
    this.#free += lanes;
    this.#next();
  }

  #next(): void {
    while (this.#free > 0) {
      const work = this.#waiting.shift();
      if (work === undefined) return;
      this.#free -= 1;
      void work().finally(() => {
        this.#free += 1;
        this.#next();
      });
    }
  }
}
