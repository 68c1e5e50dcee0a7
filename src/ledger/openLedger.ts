import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Ledger } from '../core/ledger.ts';
import { type Logger } from '../core/logger.ts';
import { type EngineSnapshot } from '../core/quotaEngine.ts';
import { MemoryStore } from './memoryStore.ts';
import { retryWhileBusy, SqliteConnection } from './sqliteConnection.ts';
import { isDamaged, NewerLedgerError, openSqliteDatabase } from './sqliteDatabase.ts';
import { SqliteStore } from './sqliteStore.ts';
import { TransactionalLedger } from './transactionalLedger.ts';

/** A ledger and what it is kept in. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  readonly kept: EngineSnapshot['ledger'];
}

export const ledgerFileName = 'ledger.sqlite';

/**
 * Opens the ledger in a directory. A damaged file is set aside and a new one begun; where SQLite cannot be had, or a
 * newer version has written the file, the ledger is in memory and the reason is told.
 */
export async function openLedger(directory: string, logger: Logger): Promise<OpenedLedger> {
  const path = join(directory, ledgerFileName);
  try {
    return await openSqliteLedger(path);
  } catch (error) {
    if (!isDamaged(error)) return inMemory(error, logger);
  }
  try {
    setAside(path, logger);
    return await openSqliteLedger(path);
  } catch (error) {
    return inMemory(error, logger);
  }
}

async function openSqliteLedger(path: string): Promise<OpenedLedger> {
  const connection = await retryWhileBusy(async () => openConnection(await openSqliteDatabase(path)));
  return { ledger: new TransactionalLedger(new SqliteStore(connection)), kept: { kind: 'sqlite' } };
}

function openConnection(database: DatabaseSync): SqliteConnection {
  try {
    return new SqliteConnection(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function setAside(path: string, logger: Logger): void {
  const aside = `${path}.damaged-${Date.now()}`;
  for (const ending of ['', '-wal', '-shm', '-journal']) {
    if (existsSync(path + ending)) renameSync(path + ending, aside + ending);
  }
  logger.warn(`The ledger was damaged. It is kept as ${aside}, and a new one is begun.`);
}

function inMemory(error: unknown, logger: Logger): OpenedLedger {
  const reason = reasonOf(error);
  logger.error(`The ledger is kept in memory only: ${reason}`, error);
  return { ledger: new TransactionalLedger(new MemoryStore()), kept: { kind: 'memory', reason } };
}

function reasonOf(error: unknown): string {
  if (error instanceof NewerLedgerError) return 'A newer version of Agent Quota has written it. Update the extension.';
  if (error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_BUILTIN_MODULE') {
    return 'This VS Code has no SQLite of its own. Update VS Code to keep usage and share it between windows.';
  }
  return `Its file cannot be opened (${error instanceof Error ? error.message : String(error)}). Check the folder's rights and space.`;
}
