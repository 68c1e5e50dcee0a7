import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { migrations, schemaVersion } from './sqliteSchema.ts';

/** Thrown for a ledger that a newer version of the extension has written; it is left as it is. */
export class NewerLedgerError extends Error {
  override readonly name = 'NewerLedgerError';
}

/** Pages in the write-ahead log before a writer brings them into the file, which takes some milliseconds. */
const checkpointPages = 2000;
/** The same where a thread of its own does it in time. */
const spareCheckpointPages = 20_000;
/** What is left of the log's file when it begins anew, in bytes. */
const longestIdleLog = 32 * 1024 * 1024;

/**
 * Opens the ledger's file, readable by its owner alone, and brings its schema up to date.
 * @throws NewerLedgerError, or SQLite's own error (`isDamaged` tells whether the file is at fault).
 */
export async function openSqliteDatabase(path: string): Promise<DatabaseSync> {
  const { DatabaseSync: Database } = await import('node:sqlite');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  createFile(path);
  chmodSync(path, 0o600);
  const database = new Database(path);
  try {
    // SQLite's own waiting sleeps for milliseconds, where writers are done in a fraction of one.
    database.exec('PRAGMA busy_timeout = 0');
    refuseNewer(versionOf(database));
    database.exec(`PRAGMA journal_mode = ${walIsSafe(process.versions['sqlite']) ? 'WAL' : 'DELETE'}`);
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA journal_size_limit = ${longestIdleLog}`);
    checkpointByWriters(database, true);
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Makes the file, so that it is the owner's alone from the beginning. One that exists is not opened: closing it again
 * would take away the locks of this process's other connections to it. Source: sqlite.org, "How To Corrupt An SQLite
 * Database File", 2.2.
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Whether changes go to a write-ahead log first. */
export function hasLog(database: DatabaseSync): boolean {
  return database.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal';
}

/** Whether whoever writes is to bring the log into the file, or somebody else does it. */
export function checkpointByWriters(database: DatabaseSync, writers: boolean): void {
  database.exec(`PRAGMA wal_autocheckpoint = ${writers ? checkpointPages : spareCheckpointPages}`);
}

/**
 * SQLite before 3.51.3 can damage a write-ahead log that several connections reset at once; a rollback journal is
 * slower and safe. Source: sqlite.org, "The WAL-reset bug" (wal.html).
 */
export function walIsSafe(version: string | undefined): boolean {
  const [major = 0, minor = 0, patch = 0] = (version ?? '0').split('.').map(Number);
  return major !== 3 ? major > 3 : minor !== 51 ? minor > 51 : patch >= 3;
}

/** Whether an error says that the file is not, or no longer, a database (SQLITE_CORRUPT, SQLITE_NOTADB). */
export function isDamaged(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === 11 || code === 26;
}

/** Whether an error says that the file could not be read or written (SQLITE_IOERR). */
export function isIoError(error: unknown): boolean {
  return sqliteCode(error) === 10;
}

/** Whether an error says that another process is writing (SQLITE_BUSY, SQLITE_LOCKED and their kinds). */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === 5 || code === 6;
}

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

function migrate(database: DatabaseSync): void {
  if (versionOf(database) === schemaVersion) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const found = versionOf(database);
    refuseNewer(found);
    for (const step of migrations.slice(found)) database.exec(step);
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function refuseNewer(version: number): void {
  if (version <= schemaVersion) return;
  throw new NewerLedgerError(`The ledger has schema ${version}; this version knows ${schemaVersion}.`);
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}
