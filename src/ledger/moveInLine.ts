import type { LedgerStore } from './ledgerStore.ts';

/** Moves a session's requests to come so far back in the line, or forward by a negative weight; see `fairTag`. */
export function moveInLine(store: LedgerStore, sessionId: string, weight: number): void {
  const row = store.session(sessionId);
  if (row !== undefined && weight !== 0) store.putSession({ ...row, finishTag: row.finishTag + weight });
}
