import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type * as z from 'zod';
import type { Checkpoints } from './checkpoints.ts';
import { isBusy, isDamaged } from './sqliteDatabase.ts';

/** How long something is tried again while other windows write, in milliseconds; see also `mostLatenessMs`. */
const patienceMs = 10_000;
/** How long the thread itself waits for another writer. */
const shortWaitMs = 20;
/** Nobody wakes it: waiting on it is sleeping for less than a timer can. */
const sleeper = new Int32Array(new SharedArrayBuffer(4));
/** How often other windows' writes are looked for: one read of a counter in shared memory. */
const watchMs = 200;

/**
 * Tries something again while other windows keep the file busy.
 * @throws what it throws, or SQLite's busy error after ten seconds of trying.
 */
export async function retryWhileBusy<T>(attempt: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 10));
    }
  }
}

export interface ConnectionOptions {
  /** Called once, when a transaction finds the file damaged; nothing keeps it open by then. */
  readonly damaged?: () => void;
  /** Told of writes, and closed with the connection. */
  readonly checkpoints?: Pick<Checkpoints, 'written' | 'close'>;
}

/** One engine's connection to the ledger's file: prepared statements, transactions, and word of others' writes. */
export class SqliteConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #listeners = new Set<() => void>();
  readonly #watch: NodeJS.Timeout;
  readonly #options: ConnectionOptions;
  #dataVersion: unknown;
  #epoch = 0;
  /** Others have committed, and nobody was told yet. */
  #untold = false;
  #changes = 0;

  constructor(database: DatabaseSync, options: ConnectionOptions = {}) {
    this.#database = database;
    this.#options = options;
    this.#dataVersion = this.#readDataVersion();
    this.#watch = setInterval(() => {
      this.#lookForChanges();
    }, watchMs);
    this.#watch.unref();
  }

  /** What a transaction would be given, as of the last look at the file, a fraction of a second ago. */
  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Runs `body` with the file as it is at one moment; `write` also keeps other writers out.
   * @param body is given a number that stays the same while nothing but this connection's kept transactions has changed
   * the file.
   * @throws what `body` throws, or SQLite's busy error after ten seconds of trying.
   */
  async transaction<T>(kind: 'read' | 'write', body: (epoch: number) => T): Promise<T> {
    try {
      return await retryWhileBusy(() => this.#attempt(kind, body));
    } catch (error) {
      if (isDamaged(error) && this.#database.isOpen) {
        await this.close();
        this.#options.damaged?.();
      }
      throw error;
    }
  }

  /** @returns how many rows changed. */
  run(sql: string, values: readonly SQLInputValue[]): number {
    const changes = Number(this.statement(sql).run(...values).changes);
    this.#changes += changes;
    return changes;
  }

  /** The first row, checked. */
  row<T extends z.ZodType>(schema: T, sql: string, values: readonly SQLInputValue[]): z.infer<T> | undefined {
    const row = this.statement(sql).get(...values);
    return row === undefined ? undefined : schema.parse(row);
  }

  /** All rows, checked. */
  rows<T extends z.ZodType>(schema: T, sql: string, values: readonly SQLInputValue[]): z.infer<T>[] {
    return this.statement(sql)
      .all(...values)
      .map((row) => schema.parse(row));
  }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Tells of commits that changed something, this connection's own and others'. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when nothing keeps the file open. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#listeners.clear();
    if (this.#database.isOpen) this.#database.close();
    await this.#options.checkpoints?.close();
  }

  #attempt<T>(kind: 'read' | 'write', body: (epoch: number) => T): T {
    if (kind === 'write') this.#beginWrite();
    else this.statement('BEGIN').run();
    const before = this.#changes;
    try {
      this.#followOthers();
      const result = body(this.#epoch);
      this.statement('COMMIT').run();
      if (this.#changes !== before) this.#options.checkpoints?.written();
      if (this.#untold || this.#changes !== before) {
        queueMicrotask(() => {
          this.#tell();
        });
      }
      return result;
    } catch (error) {
      this.#epoch += 1;
      this.#rollBack();
      throw error;
    }
  }

  /**
   * Takes the file's one write lock, which others hold for a fraction of a millisecond.
   * @throws SQLite's busy error when somebody holds it for longer, so that the thread can do other work meanwhile.
   */
  #beginWrite(): void {
    const deadline = performance.now() + shortWaitMs;
    for (;;) {
      try {
        this.statement('BEGIN IMMEDIATE').run();
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw error;
        Atomics.wait(sleeper, 0, 0, 0.02 + Math.random() * 0.08);
      }
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // Some failures end the transaction themselves; `isTransaction`, which tells, comes with Node 22.16 only.
    }
  }

  /** `PRAGMA data_version` changes when another connection has committed. Source: sqlite.org, pragma.html. */
  #readDataVersion(): unknown {
    return this.statement('PRAGMA data_version').get()?.['data_version'];
  }

  /** Looks whether another connection has committed since the last look. */
  #followOthers(): void {
    const version = this.#readDataVersion();
    if (version === this.#dataVersion) return;
    this.#dataVersion = version;
    this.#epoch += 1;
    this.#untold = true;
  }

  #lookForChanges(): void {
    try {
      this.#followOthers();
      // A transaction that has seen it may have failed before it could tell.
      if (this.#untold) this.#tell();
    } catch {
      // Busy, most likely: the next look tells. What is really wrong, the next transaction throws.
    }
  }

  #tell(): void {
    this.#untold = false;
    for (const listener of this.#listeners) listener();
  }
}
