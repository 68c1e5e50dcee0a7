/** The thread of `Checkpoints`: brings the write-ahead log into the ledger's file when it is told to. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { isBusy } from './sqliteDatabase.ts';

export interface CheckpointTask {
  /** The ledger's file. */
  readonly path: string;
}

/** Pages in the log above which writers are kept out for a moment, so that it begins anew: 32 MB. */
const longLog = 8000;
/** How long is waited for writers and readers then, in milliseconds. */
const patienceMs = 200;

const { path } = workerData as CheckpointTask;
const database = new DatabaseSync(path);
database.exec(`PRAGMA busy_timeout = ${patienceMs}`);

parentPort?.on('message', (message: 'checkpoint' | 'end') => {
  if (message === 'checkpoint') checkpoint();
  else {
    database.close();
    parentPort?.close();
  }
});

/**
 * Beside writers first, who are not disturbed; the log begins anew by itself when nothing is written meanwhile.
 * Source: sqlite.org, "sqlite3_wal_checkpoint_v2".
 */
function checkpoint(): void {
  const pages = run('PASSIVE');
  if (pages > longLog) run('RESTART');
}

/** @returns how many pages the log has; 0 when another process is at it. */
function run(mode: 'PASSIVE' | 'RESTART'): number {
  try {
    return Number(database.prepare(`PRAGMA wal_checkpoint(${mode})`).get()?.['log']);
  } catch (error) {
    if (isBusy(error)) return 0;
    throw error;
  }
}
