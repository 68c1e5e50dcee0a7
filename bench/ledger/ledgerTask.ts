/** What a process of the ledger benchmark is to do, again and again. */
export interface LedgerTask {
  readonly kind: 'reserveAndSettle' | 'wholeExchange' | 'setup';
  readonly directory: string;
  readonly engineId: string;
  /** Calls a second; undefined: one after the other. */
  readonly perSecond?: number;
  readonly durationMs: number;
}
