import type { UsageDelivery } from '../core/sharedQuota.ts';
import type { MachineRow, OutboxEntry, SharedRows } from './sharedRows.ts';
import { sharedRowSchemas } from './sharedRowSchemas.ts';
import type { SqliteConnection } from './sqliteConnection.ts';

/** In the ledger's file. */
export class SqliteSharedRows implements SharedRows {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  machine(): MachineRow | undefined {
    return this.#connection.row(sharedRowSchemas.machine, 'SELECT record FROM machine', []);
  }

  putMachine(row: MachineRow): void {
    this.#connection.run(
      'INSERT INTO machine (one, record) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET record = excluded.record',
      [JSON.stringify(row)],
    );
  }

  addToOutbox(entry: OutboxEntry): void {
    this.#connection.run('INSERT INTO outbox (record) VALUES (?)', [JSON.stringify(entry)]);
  }

  outbox(most: number): UsageDelivery[] {
    const sql = 'SELECT position, record FROM outbox ORDER BY position LIMIT ?';
    return this.#connection.rows(sharedRowSchemas.delivery, sql, [most]);
  }

  dropFromOutbox(through: number): void {
    this.#connection.run('DELETE FROM outbox WHERE position <= ?', [through]);
  }

  lastPlace(): number {
    const sql = "SELECT coalesce(max(seq), 0) AS seq FROM sqlite_sequence WHERE name = 'outbox'";
    return this.#connection.row(sharedRowSchemas.sequence, sql, [])?.seq ?? 0;
  }

  moveOutbox(behind: number): void {
    this.#connection.run('UPDATE outbox SET position = position + ?', [behind]);
    // Source: sqlite.org, "SQLite Autoincrement": a row that is moved does not count there.
    this.#connection.run("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'outbox'", [behind]);
  }
}
