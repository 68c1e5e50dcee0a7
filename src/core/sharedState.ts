import type { LiveSession, SessionMode } from './session.ts';
import type { Usage } from './usage.ts';

/** A session of another machine, as that machine shows it; only to be looked at. */
export interface SharedSession {
  readonly sessionId: string;
  readonly agentId: string;
  readonly mode: SessionMode;
  readonly state: LiveSession['state'];
  /** By the other machine's clock, in milliseconds since the epoch. */
  readonly createdAt: number;
  readonly lastActivityAt: number;
  readonly requests: number;
  readonly usage: Usage;
  readonly model?: string;
  readonly parentSessionId?: string;
  readonly waitingRequests: number;
  readonly runningRequests: number;
}

/** Another machine that shares the plan. */
export interface OtherMachine {
  readonly machineId: string;
  /** For people: its name and whose it is. */
  readonly name: string;
  readonly user: string;
  readonly sessions: readonly SharedSession[];
}

/** How the quota is shared with other machines. */
export interface SharedState {
  /**
   * `live`: the whole plan's numbers are true to a few seconds. `lease`: the shared ledger is away, and what is leased
   * still lasts. `safe-share`: this machine goes on with its fair share alone. `waiting`: nothing is admitted until the
   * shared ledger is back. The numbers of others are old in all but the first.
   */
  readonly kind: 'live' | 'lease' | 'safe-share' | 'waiting';
  /** Since when the shared ledger is away, in milliseconds since the epoch; absent while it is not. */
  readonly awaySince?: number;
  /** What is wrong, for people. */
  readonly message?: string;
  /** By name. */
  readonly machines: readonly OtherMachine[];
}
