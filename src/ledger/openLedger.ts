import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Ledger } from '../core/ledger.ts';
import { type Problem } from '../core/credentials.ts';
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

const ignoreDamage: DamageListener = { found: () => undefined, lost: () => undefined };

/** Hears that the ledger's file was damaged and is set aside. */
export interface DamageListener {
  /** A new ledger is opened in its place. */
  readonly found: (problem: Problem) => void;
  /** It was found while the ledger was in use: whoever uses it has to open it anew. */
  readonly lost: () => void;
}

/**
 * Opens the ledger in a directory. A damaged file is set aside and a new one begun; where SQLite cannot be had, or a
 * newer version has written the file, the ledger is in memory and the reason is told.
 */
export async function openLedger(directory: string, logger: Logger, damage = ignoreDamage): Promise<OpenedLedger> {
  const path = join(directory, ledgerFileName);
  const lost = (): void => {
    damage.found(setAside(path));
    damage.lost();
  };
  try {
    return await openSqliteLedger(path, lost);
  } catch (error) {
    if (!isDamaged(error)) return inMemory(error, logger);
  }
  try {
    damage.found(setAside(path));
    return await openSqliteLedger(path, lost);
  } catch (error) {
    return inMemory(error, logger);
  }
}

async function openSqliteLedger(path: string, damaged: () => void): Promise<OpenedLedger> {
  const connection = await retryWhileBusy(async () => openConnection(await openSqliteDatabase(path), damaged));
  return { ledger: new TransactionalLedger(new SqliteStore(connection)), kept: { kind: 'sqlite' } };
}

function openConnection(database: DatabaseSync, damaged: () => void): SqliteConnection {
  try {
    return new SqliteConnection(database, damaged);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** @throws when the file cannot be renamed. */
function setAside(path: string): Problem {
  const aside = `${path}.damaged-${Date.now()}`;
  for (const ending of ['', '-wal', '-shm', '-journal']) {
    if (existsSync(path + ending)) renameSync(path + ending, aside + ending);
  }
  return {
    code: 'ledger-damaged',
    severity: 'warning',
    message: 'The file that usage is kept in was damaged, so a new one was begun.',
    nextStep: `Nothing needs to be done; the usage from before is in ${aside}.`,
  };
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
