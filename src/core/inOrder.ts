/** Does work one after the other, in the order in which it is asked for; one that fails does not keep the next. */
export class InOrder {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns settles as the work does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
