/** Rows of one kind by their key: what is known of those in the file, and what has changed and is not written yet. */
export class KnownRows<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #changed = new Set<string>();

  /** @param read asks the file, for a row that is not known. */
  get(key: string, read: () => Row | undefined): Row | undefined {
    const known = this.#rows.get(key);
    if (known !== undefined || this.#changed.has(key)) return known;
    const row = read();
    if (row !== undefined) this.#rows.set(key, row);
    return row;
  }

  /** The row where it is known. */
  known(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  /** Takes in a row as the file has it. */
  learn(key: string, row: Row): void {
    if (!this.#changed.has(key)) this.#rows.set(key, row);
  }

  put(key: string, row: Row): void {
    this.#rows.set(key, row);
    this.#changed.add(key);
  }

  remove(key: string): void {
    this.#rows.delete(key);
    this.#changed.add(key);
  }

  /** Writes what has changed, in the order of the first change of each; a row that was removed is undefined. */
  flush(write: (key: string, row: Row | undefined) => void): void {
    for (const key of this.#changed) write(key, this.#rows.get(key));
    this.#changed.clear();
  }

  /** Forgets a row that is written, so that the next asking reads it. */
  forget(key: string): void {
    this.#rows.delete(key);
  }

  clear(): void {
    this.#rows.clear();
    this.#changed.clear();
  }
}

/** Which rows belong to which group, for groups that have been asked for. */
export class KnownGroups<Row> {
  readonly #groups = new Map<string, Map<string, Row>>();

  /** @param read asks the file for a group that is not known. */
  rows(group: string, read: () => Iterable<readonly [string, Row]>): Row[] {
    let known = this.#groups.get(group);
    if (known === undefined) {
      known = new Map(read());
      this.#groups.set(group, known);
    }
    return [...known.values()];
  }

  /** @param group the row's group now; undefined when it is in none. */
  move(key: string, row: Row, group: string | undefined): void {
    for (const [name, known] of this.#groups) if (name !== group) known.delete(key);
    if (group !== undefined) this.#groups.get(group)?.set(key, row);
  }

  remove(key: string): void {
    for (const known of this.#groups.values()) known.delete(key);
  }

  clear(): void {
    this.#groups.clear();
  }
}
