import { chmodSync, closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { rollBack } from './statements.ts';
import { transcriptSchema, transcriptSchemaVersion } from './transcriptSchema.ts';

/** How long another window's reading is waited for, in milliseconds. */
const patienceMs = 30_000;

/**
 * Opens the file that keeps what transcripts say, readable by its owner alone. One that is damaged or of another version is
 * begun anew: all that is in it can be read again.
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
  try {
    if (prepare(database)) return database;
    database.close();
  } catch (error) {
    database.close();
    if (!isDamaged(error)) throw error;
  }
  for (const ending of ['', '-journal']) rmSync(path + ending, { force: true });
  const fresh = open();
  prepare(fresh);
  return fresh;
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
