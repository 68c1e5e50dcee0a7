import { type LinePlace } from './quotaEngine.ts';
import { type LineListener } from './slotQueue.ts';

/** Everybody in this engine who wants to hear of callers' places in the line for a slot. */
export class LineListeners {
  readonly #listeners = new Set<LineListener>();

  /** @returns a function that ends the calls. */
  readonly add = (listener: LineListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly tell = (place: LinePlace, running: readonly string[]): void => {
    for (const listener of this.#listeners) listener(place, running);
  };
}
