import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ledgerFileName } from '../../src/ledger/openLedger.ts';
import { openEngine } from './benchEngine.ts';

export const liveSessions = 500;
export const usageRows = 1_000_000;

/** The ids of the sessions that a filled ledger begins with. */
export function sessionIds(): string[] {
  return Array.from({ length: liveSessions }, (_, index) => `live-session-${index}`);
}

/**
 * Makes a ledger's file as it is after weeks: live sessions, opened as agents open them, and a million usage rows over
 * the last 80 days, copies of one that a request wrote.
 * @returns its size in bytes.
 */
export async function fillLedger(directory: string): Promise<number> {
  const engine = await openEngine(directory, 'filler');
  for (const sessionId of sessionIds()) await engine.openSession(sessionId);
  await engine.reserveAndSettle('live-session-0');
  await engine.close();
  const path = join(directory, ledgerFileName);
  const database = new DatabaseSync(path);
  try {
    copyUsage(database);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
  bringToDisk(path);
  return statSync(path).size;
}

/** Or else the first measured checkpoint would do it. */
function bringToDisk(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function copyUsage(database: DatabaseSync): void {
  const columns = database
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all('usage')
    .map((row) => String(row['name']))
    .filter((name) => name !== 'usage_id');
  const everyMs = Math.floor((80 * 86_400_000) / usageRows);
  // In the order in which they are booked.
  const at = `${Date.now()} - (${usageRows} - n) * ${everyMs}`;
  const different: Readonly<Record<string, string>> = {
    at,
    day: `date((${at}) / 1000, 'unixepoch', 'localtime')`,
    session_id: `'live-session-' || (n % ${liveSessions})`,
    // As Anthropic's: a beginning that grows with time, and a random end.
    request_id: `printf('req_011C%012x', ${at}) || hex(randomblob(6))`,
  };
  const values = columns.map((name) => different[name] ?? name);
  database.exec(`
    BEGIN;
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${usageRows})
    INSERT INTO usage (${columns.join(', ')})
    SELECT ${values.join(', ')} FROM numbers, (SELECT * FROM usage LIMIT 1);
    COMMIT;`);
}
