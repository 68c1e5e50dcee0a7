interface Entry<T> {
  readonly item: T;
  place: number;
}

/**
 * What is under way at the moment, in no order. In place of a Set or Map: V8 links each table of those to the one that
 * follows it, so that under steady traffic all that was ever in them stays until a full garbage collection (measured
 * here: 20 KB a request, and a tenth of the gateway's time).
 */
export class UnderWay<T> {
  readonly #entries: Entry<T>[] = [];

  /** @returns a function that takes it out again; to be called once. */
  add(item: T): () => void {
    const entry = { item, place: this.#entries.length };
    this.#entries.push(entry);
    return () => {
      this.#remove(entry);
    };
  }

  items(): T[] {
    return this.#entries.map(({ item }) => item);
  }

  some(condition: (item: T) => boolean): boolean {
    return this.#entries.some(({ item }) => condition(item));
  }

  /** The last takes its place. */
  #remove(entry: Entry<T>): void {
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#entries[entry.place] = last;
    last.place = entry.place;
  }
}
