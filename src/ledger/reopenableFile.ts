import type { Clock } from '../core/clock.ts';

/** How often is looked whether the ledger's file can be opened again, in milliseconds. */
const lookEveryMs = 5000;

/** What a watch for the ledger's file works with. */
export interface FileWatchParts {
  readonly clock: Clock;
  /** Opens the file and closes it again; rejects while it cannot be opened. */
  readonly tryFile: () => Promise<void>;
  /** Whether nobody would lose a session that only the ledger in memory knows. */
  readonly mayLeave: () => Promise<boolean>;
  /** The file can be opened: whoever uses the ledger in memory is to begin anew with it. */
  readonly reopened: () => void;
}

/**
 * Looks for a ledger's file that could not be opened (a lock that somebody held for long, no more file handles, a full
 * disk): the sessions that were there before are in it, and what is used meanwhile is kept nowhere.
 * @returns a function that ends it.
 */
export function watchForFile({ clock, tryFile, mayLeave, reopened }: FileWatchParts): () => void {
  let isOver = false;
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    const canLeave = await tryFile()
      .then(mayLeave)
      .catch(() => false);
    if (isOver) return;
    if (canLeave) reopened();
    else next();
  };
  const next = (): void => {
    cancel = clock.after(lookEveryMs, () => void look());
  };
  next();
  return () => {
    isOver = true;
    cancel();
  };
}
