import { type UsageEntry } from '../core/ledger.ts';
import { type RateAmounts, type RateDimension } from '../core/rateLimits.ts';
import { type LiveSession, type ProcessIdentity, type Session } from '../core/session.ts';
import { type TokenBucket } from '../core/tokenBucket.ts';
import { type Usage } from '../core/usage.ts';

/** A session and what only the ledger needs to know of it. */
export interface SessionRow {
  readonly session: Session;
  readonly tokenHash: string;
  /** Where the session's requests so far end in virtual time; see `fairTag`. */
  readonly finishTag: number;
}

/** Quota held for one request, waiting for it or having it. */
export interface ReservationRow {
  readonly reservationId: string;
  readonly sessionId: string;
  readonly engineId: string;
  readonly planId: string;
  /** All but `waiting` and `running` are decided and not yet known to the request's engine. */
  readonly state: 'waiting' | 'admitted' | 'running' | 'day-used-up' | 'gone';
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

/** One dimension of a plan. */
export interface BucketRow {
  readonly bucket: TokenBucket;
  /** As the upstream reported it last; undefined until it has. */
  readonly reportedLimit: number | undefined;
}

/** What a plan has beside its buckets. */
export interface PlanRow {
  /** The tag of the request admitted last; see `fairTag`. */
  readonly virtualTime: number;
  /** When the upstream asked for the pause. */
  readonly pausedAt: number;
  readonly pausedUntil: number;
}

/** A plan's tokens of one local day. */
export interface DayRow {
  readonly usage: Usage;
  readonly requests: number;
}

export interface EngineRow {
  readonly engineId: string;
  readonly process: ProcessIdentity;
}

/**
 * Rows, read and written within one transaction at a time. It decides nothing: what the rows mean is
 * `TransactionalLedger`'s, so that every store behaves the same.
 */
export interface LedgerStore {
  /** Runs `body` alone, all or nothing. @throws what `body` throws, after undoing it. */
  transaction<T>(body: () => T): Promise<T>;
  /** Runs `body`, which only reads, on one moment's rows. */
  read<T>(body: () => T): Promise<T>;

  putSession(row: SessionRow): void;
  session(sessionId: string): SessionRow | undefined;
  sessionOfTokenHash(tokenHash: string): SessionRow | undefined;
  liveSessions(): LiveSession[];
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
  /** Tokens that the plan's requests under way are expected to use, or have used if that is more. */
  tokensUnderWay(planId: string): number;
  reservationsOfSession(sessionId: string): ReservationRow[];
  /** Of every request in line and under way, whose plan's it may be. */
  reservationActivity(): Pick<ReservationRow, 'sessionId' | 'planId' | 'state' | 'usage'>[];

  buckets(planId: string): Readonly<Record<RateDimension, BucketRow>>;
  putBucket(planId: string, dimension: RateDimension, row: BucketRow): void;
  plan(planId: string): PlanRow;
  putPlan(planId: string, row: PlanRow): void;
  day(planId: string, day: string): DayRow;

  /** Books usage on a plan. @returns false when the request id was booked before; then nothing changes. */
  addUsage(entry: UsageEntry, session: Session, planId: string, day: string, at: number): boolean;

  putEngine(row: EngineRow): void;
  removeEngine(engineId: string): void;
  engines(): EngineRow[];

  onChange(listener: () => void): () => void;
  close(): void;
}
