import type { UsageEntry } from '../core/ledger.ts';
import { wholeShare, type AdaptiveShare } from '../core/adaptiveShare.ts';
import type { PlanLease, ScopeLease } from '../core/lease.ts';
import type { PlanWindow } from '../core/planWindow.ts';
import { amountsOf, type RateAmounts, type RateLimits } from '../core/rateLimits.ts';
import type { SpentLimit } from '../core/requestLine.ts';
import type { LiveSession, ProcessIdentity, Session } from '../core/session.ts';
import type { Buckets, TokenBucket } from '../core/tokenBucket.ts';
import type { SubagentUsage } from '../core/subagent.ts';
import type { Usage } from '../core/usage.ts';
import type { UsageDetail, UsageSum } from '../core/usageSum.ts';
import type { SharedRows } from './sharedRows.ts';

/** A session and what only the ledger needs to know of it. */
export interface SessionRow {
  readonly session: Session;
  readonly tokenHash: string;
  /** The engine that opened it. */
  readonly engineId: string;
  /** Where the session's requests so far end in virtual time; see `fairTag`. */
  readonly finishTag: number;
}

/** Quota held for one request, waiting for it or having it. */
export interface ReservationRow {
  readonly reservationId: string;
  readonly sessionId: string;
  readonly engineId: string;
  readonly planId: string;
  /** Ids of the limits that it comes under. */
  readonly scopes: readonly string[];
  /** All but `waiting` and `running` are decided and not yet known to the request's engine. */
  readonly state: 'waiting' | 'admitted' | 'running' | `${SpentLimit}-used-up` | 'gone';
  readonly tag: number;
  /** How far it moved its session in line; see `fairWeight`. */
  readonly weight: number;
  /** What is expected to be used, in each dimension. */
  readonly cost: RateAmounts;
  /** How much of it the buckets count as used already. */
  readonly charged: RateAmounts;
  /** What the upstream has reported of it so far; undefined while it has reported nothing. */
  readonly usage: Usage | undefined;
}

/** A place in the line for a slot. */
export interface SlotTicketRow {
  readonly ticket: string;
  readonly agentId: string;
  readonly engineId: string;
  readonly planId: string;
  readonly since: number;
}

/** What is known of limits that requests share: the plan's, a model group's, an agent's. */
export interface ScopeRow {
  readonly buckets: Buckets;
  /** As the upstream reported them last. */
  readonly reported: RateLimits;
  /** When the upstream asked for the pause. */
  readonly pausedAt: number;
  readonly pausedUntil: number;
  /** The plan's alone: the smallest tag of the requests that were admitted last; see `fairTag`. */
  readonly virtualTime: number;
  /** The plan's alone: how much of the set limits is used; see `AdaptiveShare`. */
  readonly share: AdaptiveShare;
  /** The plan's alone: a subscription's usage windows. */
  readonly windows: readonly PlanWindow[];
  /** What this machine has of it; absent until the quota is shared with other machines. */
  readonly lease?: ScopeLease;
  /** The plan's alone, likewise. */
  readonly planLease?: PlanLease;
}

const full: TokenBucket = { used: 0, at: 0, held: 0 };

/** A scope of which nothing is known yet. */
export const newScope: ScopeRow = {
  buckets: amountsOf(() => full),
  reported: {},
  pausedAt: 0,
  pausedUntil: 0,
  virtualTime: 0,
  share: wholeShare,
  windows: [],
};

/** A scope's tokens of one local day. */
export interface DayRow {
  readonly usage: Usage;
  readonly requests: number;
}

/** Whose usage it is, and where it is added up. */
export interface UsageBooking {
  readonly session: Session;
  readonly planId: string;
  /** Scopes whose day it counts on. */
  readonly scopeIds: readonly string[];
  /** The local day, as `CalendarDay.key`. */
  readonly day: string;
  readonly at: number;
}

/** A time in steps. @see usageSums */
export interface UsageRange {
  /** When the first step begins, in milliseconds since the epoch. */
  readonly from: number;
  /** What was booked then or later is left out. */
  readonly to: number;
  /** How long a step is, in milliseconds. */
  readonly stepMs: number;
  readonly detail: UsageDetail;
}

export interface EngineRow {
  readonly engineId: string;
  readonly process: ProcessIdentity;
}

/**
 * Rows, read and written within one transaction at a time. It decides nothing: what the rows mean is
 * `TransactionalLedger`'s, so that every store behaves the same.
 */
export interface LedgerRows {
  putSession(row: SessionRow): void;
  session(sessionId: string): SessionRow | undefined;
  sessionOfTokenHash(tokenHash: string): SessionRow | undefined;
  liveSessions(): LiveSession[];
  /** Whether there is any live session of the plan. */
  hasLiveSessions(planId: string): boolean;
  /** Live sessions of the plan that gave their slot back. */
  idleSessionIds(planId: string): string[];
  /** The live sessions that an engine opened. */
  sessionsOfEngine(engineId: string): SessionRow[];
  /** Sessions that hold a slot of the plan. */
  slotHolders(planId: string): { readonly sessionId: string; readonly agentId: string }[];

  putTicket(row: SlotTicketRow): void;
  removeTicket(ticket: string): void;
  /** Oldest first. */
  tickets(planId: string): SlotTicketRow[];
  ticketsOfEngine(engineId: string): SlotTicketRow[];

  putReservation(row: ReservationRow): void;
  reservation(reservationId: string): ReservationRow | undefined;
  removeReservation(reservationId: string): void;
  waitingReservations(planId: string): ReservationRow[];
  reservationsOfEngine(engineId: string): ReservationRow[];
  /** Those of an engine that are decided and not yet known to it. */
  decidedReservations(engineId: string): ReservationRow[];
  /** Tokens that a scope's requests under way are expected to use, or have used if that is more. */
  tokensUnderWay(scopeId: string): number;
  reservationsOfSession(sessionId: string): ReservationRow[];
  /** Of every request in line and under way, whose plan's it may be. */
  reservationActivity(): Pick<ReservationRow, 'sessionId' | 'planId' | 'state' | 'usage'>[];

  /** `newScope` where there is no row yet. */
  scope(scopeId: string): ScopeRow;
  putScope(scopeId: string, row: ScopeRow): void;
  /** The plans that have a scope with a row. */
  planIds(): string[];
  /** Those of a plan's scopes that have a row. */
  scopeIds(planId: string): string[];
  day(scopeId: string, day: string): DayRow;

  /** Books usage. @returns false when the request id was booked before; then nothing changes. */
  addUsage(entry: UsageEntry, booking: UsageBooking): boolean;
  /** The place of the first entry of usage from a moment on, or the one behind the last. Places are in order of booking. */
  usagePosition(at: number): number;
  /** Sums of the entries from one place to before another. */
  usageSums(first: number, end: number, range: UsageRange): UsageSum[];
  /** What subagents of live sessions have used, by session, in the order in which they were first booked. */
  subagentUsage(): ReadonlyMap<string, readonly SubagentUsage[]>;
  /** Drops usage detail and ended sessions from before a moment. @returns how many entries of usage. */
  dropBefore(at: number): number;

  readonly shared: SharedRows;

  putEngine(row: EngineRow): void;
  removeEngine(engineId: string): void;
  engines(): EngineRow[];
}

/** Rows and the transactions in which they are read and written. */
export interface LedgerStore extends LedgerRows {
  /** Runs `body` alone, all or nothing. @throws what `body` throws, after undoing it. */
  transaction<T>(body: () => T): Promise<T>;
  /** The same where nobody waits for it: up to a millisecond later, together with what else is written then. */
  unhurried<T>(body: () => T): Promise<T>;
  /** Runs `body`, which only reads, on one moment's rows. */
  read<T>(body: () => T): Promise<T>;
  /**
   * A session that was read a moment ago, without looking whether another engine has changed it since; undefined where
   * it would have to be read.
   */
  sessionAtHand(tokenHash: string): SessionRow | undefined;
  /** Tells of changes, this store's own and others'. @returns a function that ends it. */
  onChange(listener: () => void): () => void;
  /** Resolves when what was begun is written and nothing is kept open. */
  close(): Promise<void>;
}
