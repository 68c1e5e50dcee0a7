import type { UsageEntry } from './ledger.ts';
import { Listeners } from './listeners.ts';
import type { SpentLimit } from './requestLine.ts';

/** What a quota manager tells of as it happens; `add` of each returns a function that ends the calls. */
export class QuotaSignals {
  /** A session of this engine's has been opened. */
  readonly opened = new Listeners<[sessionId: string, agentId: string]>();
  /** The upstream has answered a request, with an HTTP status. */
  readonly answered = new Listeners<[sessionId: string, status: number]>();
  /**
   * A request is refused because something is used up for long, until when it is whole again in milliseconds since the
   * epoch.
   */
  readonly usedUp = new Listeners<[what: SpentLimit, until: number]>();
  /** A request or turn may go, after so many milliseconds in line; 0 when there was room at once. */
  readonly admitted = new Listeners<[sessionId: string, waitedMs: number]>();
  /** A request or turn is refused; why is told to its agent's user. */
  readonly refused = new Listeners<[sessionId: string, why: string]>();
  /** Usage is in the ledger, once for each request. */
  readonly booked = new Listeners<[sessionId: string, entry: UsageEntry]>();
}
