import { chmodSync, closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { rollBack } from './statements.ts';
import { transcriptSchema, transcriptSchemaVersion } from './transcriptSchema.ts';

/** How long another window's reading is waited for, in milliseconds. */
const patienceMs = 30_000;

/**
 * Opens the file that keeps what transcripts say, readable by its owner alone. One that is found damaged by then, or is of
 * another version, is begun anew: all that is in it can be read again. `KeptTranscripts` does so with what is found later.
 * @throws where `node:sqlite` is missing or the file cannot be written.
 */
export async function openTranscriptDatabase(path: string): Promise<DatabaseSync> {
  const { DatabaseSync: Database } = await import('node:sqlite');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const open = (): DatabaseSync => {
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    return new Database(path);
  };
  const database = open();
  const file = fileOf(path);
  try {
    if (prepare(database)) return database;
  } catch (error) {
    if (!isDamaged(error)) {
      database.close();
      throw error;
    }
  }
  removeTranscriptDatabase(database, path, file);
  const fresh = open();
  prepare(fresh);
  return fresh;
}

/** Tells a file from another that has its name later; undefined when there is none. */
export function fileOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

/**
 * Closes a database and removes its file, unless another window has begun it anew meanwhile.
 * @param file what `fileOf` said when it was opened.
 * @throws where it cannot be removed, as on Windows while another window has it open.
 */
export function removeTranscriptDatabase(database: DatabaseSync, path: string, file: string | undefined): void {
  // Once it is closed, a new file may get its number.
  const isStillThere = fileOf(path) === file;
  database.close();
  if (!isStillThere) return;
  for (const ending of ['', '-journal', '-wal', '-shm']) rmSync(path + ending, { force: true });
}

/** @returns whether the file is of this version. */
function prepare(database: DatabaseSync): boolean {
  database.exec(`PRAGMA busy_timeout = ${patienceMs}`);
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec('PRAGMA cache_size = -65536');
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0) {
      database.exec(transcriptSchema);
      database.exec(`PRAGMA user_version = ${transcriptSchemaVersion}`);
    }
    database.exec('COMMIT');
    return version === 0 || version === transcriptSchemaVersion;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** Whether an error says that a file is no database, or a damaged one (SQLITE_CORRUPT, SQLITE_NOTADB). */
export function isDamaged(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return false;
  return [11, 26].includes(error.errcode & 0xff);
}
