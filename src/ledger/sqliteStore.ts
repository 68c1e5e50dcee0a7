import { CachedRows } from './cachedRows.ts';
import type { LedgerStore, SessionRow } from './ledgerStore.ts';
import type { SqliteConnection } from './sqliteConnection.ts';
import { SqliteRows } from './sqliteRows.ts';
import { WriteQueue } from './writeQueue.ts';

/**
 * Rows in an SQLite file that all windows of this machine open. What this engine has read or written stays at hand
 * until another connection commits, and what is asked for at once is written at once.
 */
export class SqliteStore extends CachedRows implements LedgerStore {
  readonly #connection: SqliteConnection;
  readonly #writes: WriteQueue;
  /** Of the file when what is at hand was read. */
  #epoch = -1;

  constructor(connection: SqliteConnection) {
    super(new SqliteRows(connection));
    this.#connection = connection;
    this.#writes = new WriteQueue((body) => this.#attempt('write', body));
  }

  transaction<T>(body: () => T): Promise<T> {
    return this.#writes.add(body);
  }

  unhurried<T>(body: () => T): Promise<T> {
    return this.#writes.addUnhurried(body);
  }

  /** Another engine's change is seen at the connection's next look. */
  override sessionAtHand(tokenHash: string): SessionRow | undefined {
    return this.#connection.epoch === this.#epoch ? super.sessionAtHand(tokenHash) : undefined;
  }

  /** Whoever has told something and reads then finds it, also what is not hurried. */
  async read<T>(body: () => T): Promise<T> {
    await this.#writes.caughtUp();
    return this.#attempt('read', body);
  }

  onChange(listener: () => void): () => void {
    return this.#connection.onChange(listener);
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#connection.close();
  }

  #attempt<T>(kind: 'read' | 'write', body: () => T): Promise<T> {
    return this.#connection.transaction(kind, (epoch) => {
      if (epoch !== this.#epoch) this.invalidate();
      this.#epoch = epoch;
      const result = body();
      this.flush();
      return result;
    });
  }
}
