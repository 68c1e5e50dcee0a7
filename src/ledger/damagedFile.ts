import { renameSync, statSync } from 'node:fs';
import type { Problem } from '../core/credentials.ts';

/** Tells a file from another that has its name later; undefined when there is none. */
export function fileIdentity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/**
 * Gives a damaged ledger another name.
 * @param damaged the file that was found damaged.
 * @returns what the user is told; undefined when another window was faster, and what has the name now is its new one.
 * @throws when the file cannot be renamed.
 */
export function setAside(path: string, damaged: string | undefined): Problem | undefined {
  if (damaged === undefined || fileIdentity(path) !== damaged) return undefined;
  const aside = `${path}.damaged-${Date.now()}`;
  if (!renamed(path, aside)) return undefined;
  for (const ending of ['-wal', '-shm', '-journal']) renamed(path + ending, aside + ending);
  return {
    code: 'ledger-damaged',
    severity: 'warning',
    message: 'The file that usage is kept in was damaged, so a new one was begun.',
    nextStep: `Nothing needs to be done; the usage from before is in ${aside}.`,
  };
}

function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
