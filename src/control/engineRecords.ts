import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessTable } from '../core/processTable.ts';
import { type EngineRecord, mayComeBack, readEngineRecord, recordSuffix } from '../shared/engineRecord.ts';
import { launcherProtocolVersion } from '../shared/launcherLines.ts';
import { isAnswered } from './controlListener.ts';
import { ensurePrivateDirectory } from './privateDirectory.ts';

/** How often it is tried to put a record in its place, and how long after each other, in milliseconds. */
const renameAttempts = 4;
const renameAgainMs = 25;
/** Longer than anybody writes one, in milliseconds. */
const draftMs = 60_000;

/** What says in the directory that an engine is there. */
export interface PublishedEngine {
  /** Says that it has closed and may come back; whoever comes next takes away what says so. */
  leave(): Promise<void>;
}

/**
 * Writes down where an engine is, so that launchers whose own window is gone find it, and removes what engines left
 * behind that were killed.
 * @param directory private to the user; made when it is missing.
 * @throws when nothing can be written there.
 */
export async function publishEngine(
  directory: string,
  address: string,
  processTable: ProcessTable,
): Promise<PublishedEngine> {
  await ensurePrivateDirectory(directory);
  await removeStale(directory, processTable);
  const record: EngineRecord = { address, ...processTable.identify(process.pid), version: launcherProtocolVersion };
  const text = JSON.stringify(record);
  const file = path.join(
    directory,
    `${createHash('sha256').update(address).digest('hex').slice(0, 16)}${recordSuffix}`,
  );
  await replace(file, text);
  return {
    leave: async () => {
      const left: EngineRecord = { ...record, leftAt: Date.now() };
      // The next engine may have the same address, and be quicker.
      if ((await textOf(file)) === text) await replace(file, JSON.stringify(left));
    },
  };
}

async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o600 });
    await renameUnlessRead(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Windows renames onto no file that somebody reads at this moment. */
async function renameUnlessRead(draft: string, file: string): Promise<void> {
  for (let attempt = 1; attempt < renameAttempts; attempt += 1) {
    try {
      await rename(draft, file);
      return;
    } catch {
      await sleep(renameAgainMs);
    }
  }
  await rename(draft, file);
}

function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Somebody may have written it anew. */
async function removeUnchanged(file: string, text: string): Promise<void> {
  if ((await textOf(file)) === text) await rm(file, { force: true });
}

async function removeStale(directory: string, processTable: ProcessTable): Promise<void> {
  const names = await readdir(directory);
  for (const name of names.filter((each) => isDraft(each))) await removeOld(path.join(directory, name));
  for (const file of names.filter((each) => each.endsWith(recordSuffix)).map((name) => path.join(directory, name))) {
    const text = await textOf(file);
    if (text === undefined) continue;
    const record = readEngineRecord(text);
    if (record === undefined || !(await isThere(record, processTable))) await removeUnchanged(file, text);
  }
}

/** What a process has left that was ended while it wrote. */
function isDraft(name: string): boolean {
  return new RegExp(`\\${recordSuffix}\\.[0-9a-f]{8}$`).test(name);
}

async function removeOld(draft: string): Promise<void> {
  const writtenAt = await stat(draft).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  if (writtenAt !== undefined && Date.now() - writtenAt > draftMs) await rm(draft, { force: true });
}

async function isThere(record: EngineRecord, processTable: ProcessTable): Promise<boolean> {
  const { address, pid, startMark, leftAt } = record;
  if (leftAt !== undefined) return mayComeBack(record, Date.now());
  if (processTable.isAlive(startMark === undefined ? { pid } : { pid, startMark })) return true;
  // Who shares the directory from another container has processes that are not seen from here.
  return isAnswered(address);
}
