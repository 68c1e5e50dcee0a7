/** Those who are told of something. */
export class Listeners<Arguments extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: Arguments) => void>();

  /** @returns a function that ends the calls. */
  readonly add = (listener: (...args: Arguments) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly tell = (...args: Arguments): void => {
    for (const listener of this.#listeners) listener(...args);
  };
}
