import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseSync } from 'node:sqlite';
import type { BookedRequests } from '../core/bookedRequests.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Problem } from '../core/credentials.ts';
import type { Logger } from '../core/logger.ts';
import type { EngineSnapshot } from '../core/quotaEngine.ts';
import { Checkpoints } from './checkpoints.ts';
import { fileIdentity, setAside } from './damagedFile.ts';
import type { LedgerStore } from './ledgerStore.ts';
import { MemoryStore } from './memoryStore.ts';
import { retryWhileBusy, SqliteConnection } from './sqliteConnection.ts';
import {
  checkpointByWriters,
  hasLog,
  isDamaged,
  isIoError,
  NewerLedgerError,
  openSqliteDatabase,
} from './sqliteDatabase.ts';
import { SqliteStore } from './sqliteStore.ts';
import { TransactionalLedger } from './transactionalLedger.ts';

/** A ledger and what it is kept in. */
export interface OpenedLedger {
  readonly ledger: Ledger;
  readonly kept: EngineSnapshot['ledger'];
  /** Where its request ids are. */
  readonly booked: BookedRequests;
  /**
   * Of a ledger in memory whose file may be there later: opens the file and closes it again, and rejects while it cannot
   * be opened.
   */
  readonly tryFile?: () => Promise<void>;
}

export const ledgerFileName = 'ledger.sqlite';

const openAttempts = 6;
const betweenAttemptsMs = 30;

const ignoreDamage: DamageListener = { found: () => undefined, lost: () => undefined };

/** Hears that the ledger's file was damaged and is set aside. */
export interface DamageListener {
  /** A new ledger is opened in its place. */
  readonly found: (problem: Problem) => void;
  /** It was found while the ledger was in use: whoever uses it has to open it anew. */
  readonly lost: () => void;
}

export interface LedgerOptions {
  readonly damage?: DamageListener;
  /** The script of `checkpointThread.ts`; without it, whoever writes now and then has to wait for the disk. */
  readonly checkpointScript?: string | undefined;
  /** Makes another ledger of the rows than the one that keeps a quota for this machine alone. */
  readonly build?: (store: LedgerStore) => Ledger;
}

const ownLedger = (store: LedgerStore): Ledger => new TransactionalLedger(store);

/**
 * Opens the ledger in a directory. A damaged file is set aside and a new one begun; where SQLite cannot be had, or a
 * newer version has written the file, the ledger is in memory and the reason is told.
 */
export async function openLedger(
  directory: string,
  logger: Logger,
  { damage = ignoreDamage, checkpointScript, build = ownLedger }: LedgerOptions = {},
): Promise<OpenedLedger> {
  const path = join(directory, ledgerFileName);
  const aside = (file: string | undefined): void => {
    const problem = setAside(path, file);
    if (problem !== undefined) damage.found(problem);
  };
  const lost = (file: string | undefined): void => {
    try {
      aside(file);
    } catch (error) {
      logger.error('The damaged ledger could not be set aside.', error);
    }
    damage.lost();
  };
  // Windows that start together may all find the file damaged, and each other's new one half there.
  for (let attempt = 1; ; attempt += 1) {
    const found = fileIdentity(path);
    try {
      return await openSqliteLedger(path, { damaged: lost, checkpointScript, logger, build });
    } catch (error) {
      const mayPass = isDamaged(error) || isIoError(error);
      if (!mayPass || attempt === openAttempts) return inMemory(path, error, logger, build);
      try {
        if (isDamaged(error)) aside(found);
      } catch (cause) {
        logger.warn(`The damaged ledger could not be set aside: ${String(cause)}`);
      }
      await sleep(betweenAttemptsMs * attempt);
    }
  }
}

interface SqliteOptions {
  /** @param file which one, as `fileIdentity`. */
  readonly damaged: (file: string | undefined) => void;
  readonly checkpointScript: string | undefined;
  readonly logger: Logger;
  readonly build: (store: LedgerStore) => Ledger;
}

async function openSqliteLedger(path: string, options: SqliteOptions): Promise<OpenedLedger> {
  const connection = await retryWhileBusy(async () => openConnection(await openSqliteDatabase(path), path, options));
  const booked = { kind: 'table', path, table: 'usage', column: 'request_id', idColumn: 'usage_id' } as const;
  return { ledger: options.build(new SqliteStore(connection)), kept: { kind: 'sqlite' }, booked };
}

function openConnection(database: DatabaseSync, path: string, options: SqliteOptions): SqliteConnection {
  let checkpoints: Checkpoints | undefined;
  try {
    checkpoints = startCheckpoints(database, path, options);
    const file = fileIdentity(path);
    const damaged = (): void => {
      options.damaged(file);
    };
    return new SqliteConnection(database, { damaged, ...(checkpoints !== undefined && { checkpoints }) });
  } catch (error) {
    database.close();
    void checkpoints?.close();
    throw error;
  }
}

/** @returns undefined where writers do it themselves. */
function startCheckpoints(
  database: DatabaseSync,
  path: string,
  { checkpointScript, logger }: SqliteOptions,
): Checkpoints | undefined {
  if (checkpointScript === undefined || !hasLog(database)) return undefined;
  const bySelf = (cause: unknown): void => {
    logger.warn(`Checkpoints of the ledger have no thread of their own (${String(cause)}).`);
    if (database.isOpen) checkpointByWriters(database, true);
  };
  try {
    const checkpoints = new Checkpoints(checkpointScript, path, bySelf);
    checkpointByWriters(database, false);
    return checkpoints;
  } catch (error) {
    bySelf(error);
    return undefined;
  }
}

function inMemory(path: string, error: unknown, logger: Logger, build: (store: LedgerStore) => Ledger): OpenedLedger {
  const reason = reasonOf(error);
  logger.error(`The ledger is kept in memory only: ${reason}`, error);
  const store = new MemoryStore();
  const booked = { kind: 'ids', ids: store.requestIds } as const;
  const tryFile = async (): Promise<void> => {
    (await openSqliteDatabase(path)).close();
  };
  const mayPass = !(error instanceof NewerLedgerError) && !lacksSqlite(error);
  return { ledger: build(store), kept: { kind: 'memory', reason }, booked, ...(mayPass && { tryFile }) };
}

function lacksSqlite(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_BUILTIN_MODULE';
}

function reasonOf(error: unknown): string {
  if (error instanceof NewerLedgerError) return 'A newer version of Agent Quota has written it. Update the extension.';
  if (lacksSqlite(error)) {
    return 'This VS Code has no SQLite of its own. Update VS Code to keep usage and share it between windows.';
  }
  return `Its file cannot be opened (${error instanceof Error ? error.message : String(error)}). Check the folder's rights and space.`;
}
