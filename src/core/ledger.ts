import type { LimitReport } from './admission.ts';
import type { LinePlace } from './quotaEngine.ts';
import type { QuotaStatus } from './quotaStatus.ts';
import type { QuotaTerms } from './quotaTerms.ts';
import type { SpentLimit } from './requestLine.ts';
import type {
  Allocation,
  EndReason,
  HeardSource,
  LiveSession,
  LookUp,
  ObservedBy,
  ProcessIdentity,
  Session,
  SessionMode,
  SessionSteering,
} from './session.ts';
import type { SharedState } from './sharedState.ts';
import type { Subagent, SubagentUsage } from './subagent.ts';
import type { TokenEstimate } from './tokenEstimate.ts';
import type { Usage } from './usage.ts';
import type { UsageDetail, UsageSum } from './usageSum.ts';

/** A session to be opened. */
export interface SessionOpening {
  readonly sessionId: string;
  /** The caller's place in the line for a slot, if it has to wait. */
  readonly ticket: string;
  readonly agentId: string;
  readonly mode: SessionMode;
  readonly tokenHash: string;
  readonly process: ProcessIdentity;
  readonly workspace: string;
  /** Whether to keep a place in the line when there is no slot. */
  readonly wait: boolean;
  /** The session is opened in any case: without a slot it is idle, and its first request waits for one. */
  readonly idleWithoutSlot?: boolean;
  readonly parentSessionId?: string;
}

export type OpeningOutcome =
  | { readonly kind: 'opened'; readonly session: LiveSession; readonly allocation: Allocation }
  | { readonly kind: 'no-slot'; readonly place: LinePlace | undefined; readonly running: readonly string[] }
  /** The day's tokens or the subscription's window are used up: no new agent until then (milliseconds since the epoch). */
  | { readonly kind: 'used-up'; readonly what: SpentLimit; readonly until: number };

/** The line for slots. */
export interface SlotLine {
  readonly places: readonly LinePlace[];
  /** Tickets that would get a slot now. */
  readonly ready: ReadonlySet<string>;
  /** Agent ids of the sessions that hold the slots. */
  readonly running: readonly string[];
}

/** A request to be put in line. */
export interface RequestOpening {
  readonly reservationId: string;
  readonly sessionId: string;
  readonly requests: number;
  readonly estimate: TokenEstimate;
  /** The model asked for, where it is known. */
  readonly model: string | undefined;
}

export type RequestState =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'waiting' }
  /** The day's tokens or the subscription's window do not suffice before `until` (milliseconds since the epoch). */
  | { readonly kind: 'used-up'; readonly what: SpentLimit; readonly until: number }
  /** The session has ended, or the reservation is unknown. */
  | { readonly kind: 'gone' };

/** What a run of the line brought for the engine that asked. */
export interface LineRun {
  /** This engine's requests whose wait is over, and how. */
  readonly decided: ReadonlyMap<string, Exclude<RequestState, { kind: 'waiting' }>>;
  /** When to run the line again at the latest; undefined when only a change can help. */
  readonly nextAt: number | undefined;
}

/** Counted tokens and requests that the upstream is known to have counted for a request so far. */
export interface Charge {
  readonly requests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What the upstream has reported so far, for the screen; undefined while it has reported nothing. */
  readonly usage?: Usage;
}

/** A used request, as it stays in the record. */
export interface UsageEntry {
  readonly usage: Usage;
  readonly model: string | undefined;
  /** The upstream's id of the request: of two entries with the same one, the second is dropped. */
  readonly requestId: string | undefined;
  /** Who within the session used it; absent for the session's own agent. */
  readonly subagent?: Subagent;
}

export interface SessionActivity {
  readonly waitingRequests: number;
  readonly runningRequests: number;
}

/** The ledger's content at one moment, for the screen. */
export interface LedgerView {
  readonly status: QuotaStatus;
  /** With what their requests under way have reported so far. */
  readonly sessions: readonly LiveSession[];
  readonly activity: ReadonlyMap<string, SessionActivity>;
  /** Of the sessions that have subagents, the one that began first before the others. */
  readonly subagents: ReadonlyMap<string, readonly SubagentUsage[]>;
  readonly line: readonly LinePlace[];
  /** Of all sessions of the plan, with what requests under way have reported so far. */
  readonly usedToday: Usage;
  /** Absent where the quota is this machine's alone. With it, `status` is the whole plan's. */
  readonly shared?: SharedState;
}

/**
 * The one record of sessions, reservations, limits and usage, shared by all engines that open it. Every method is one
 * transaction: what it decides (by the core's pure functions) and what it writes cannot be split by another engine.
 * `now` is milliseconds since the epoch; `terms` are what the caller's settings say.
 */
export interface Ledger {
  /** Announces an engine: whatever an earlier one of the same id left in line or in flight is given back. */
  join(engineId: string, process: ProcessIdentity, now: number): Promise<void>;
  /** Opens a session if there is a slot and nobody waits before it. */
  openSession(opening: SessionOpening, engineId: string, terms: QuotaTerms, now: number): Promise<OpeningOutcome>;
  leaveSlotLine(ticket: string): Promise<void>;
  attachProcess(sessionId: string, process: ProcessIdentity): Promise<void>;
  /** Says how what a live session's agent uses is learned. */
  setObservedBy(sessionId: string, by: ObservedBy): Promise<void>;
  /** A live session's agent was heard; the first time is kept. */
  noteHeard(sessionId: string, source: HeardSource, now: number): Promise<void>;
  /** Keeps where a live session's agent writes its transcript, for an engine that was not there to hear of it. */
  noteTranscript(sessionId: string, path: string): Promise<void>;
  /** Makes an engine's live sessions another plan's, but for those that have told an account of the same plan. */
  moveSessions(engineId: string, planId: string): Promise<void>;
  /** Makes a live session the account's that its agent has told. */
  moveSession(sessionId: string, planId: string): Promise<void>;
  /** The accounts of the terms' plan that were told, and when something was last heard of each. */
  accounts(terms: QuotaTerms): Promise<readonly { readonly planId: string; readonly lastAt: number }[]>;
  /** The line for slots as it is now; nothing is given out. */
  slotLine(terms: QuotaTerms): Promise<SlotLine>;
  /** @returns the session as ended, or undefined when it was not live. */
  endSession(sessionId: string, reason: EndReason, now: number): Promise<Session | undefined>;
  /** Takes the slot of an active session that has no request under way. @returns whether it did. */
  idleSession(sessionId: string, now: number): Promise<boolean>;
  /** @returns the session as it is now, or undefined when it is not live. */
  steerSession(sessionId: string, steering: SessionSteering, now: number): Promise<LiveSession | undefined>;
  /** @param how exact when left out. */
  sessionOfTokenHash(tokenHash: string, how?: LookUp): Promise<Session | undefined>;
  liveSessions(): Promise<readonly LiveSession[]>;
  /** Puts a request in line and runs the line. */
  enqueue(opening: RequestOpening, engineId: string, terms: QuotaTerms, now: number): Promise<LineRun>;
  /** Admits whoever may go now, of all engines. */
  runLine(engineId: string, terms: QuotaTerms, now: number): Promise<LineRun>;
  /** Corrects what the upstream is known to have counted; the rest of the reservation stays held. */
  charge(reservationId: string, charge: Charge, terms: QuotaTerms, now: number): Promise<void>;
  /** Ends a reservation and books its usage. @returns false when that request id was booked before. */
  settle(
    reservationId: string,
    entry: UsageEntry | undefined,
    charge: Charge,
    terms: QuotaTerms,
    now: number,
  ): Promise<boolean>;
  /** Ends a reservation as if it had never been, in line or admitted. */
  withdraw(reservationId: string): Promise<void>;
  /**
   * Books what an agent used without asking first (observed sessions).
   * @param turnId the reservation of the turn that it is part of: it holds so much less from then on.
   * @returns false when that request id was booked before, or the session is unknown.
   */
  book(sessionId: string, entry: UsageEntry, terms: QuotaTerms, now: number, turnId?: string): Promise<boolean>;
  /**
   * Books what was used beside the rate limits, in batches: it counts as used, and holds up nobody.
   * @returns those that had not been booked before; none when the session is unknown.
   */
  bookBeside(
    sessionId: string,
    entries: readonly UsageEntry[],
    terms: QuotaTerms,
    now: number,
  ): Promise<readonly UsageEntry[]>;
  /** @param sessionId whose agent has told it; the terms' plan is meant when left out. */
  observe(report: LimitReport, terms: QuotaTerms, now: number, sessionId?: string): Promise<void>;
  /** Engines and the processes they run in; those that are gone are told to `forgetEngine`. */
  engines(): Promise<readonly { readonly engineId: string; readonly process: ProcessIdentity }[]>;
  /**
   * Gives back what a dead engine left in line; what it had in flight counts as used, since it may have been.
   * @param gone the process that was found gone: one of the same id that has joined since stays. Any when left out.
   */
  forgetEngine(engineId: string, now: number, gone?: ProcessIdentity): Promise<void>;
  /** Drops usage detail from before a moment; the sums by hour and day stay. @returns how many entries. */
  forgetUsageBefore(at: number): Promise<number>;
  /**
   * Sums of what was used from one moment to before another, in no order. Requests go in between while it is read.
   * Detail is kept for some 90 days; see `forgetUsageBefore`.
   * @param stepMs how long a step is, in milliseconds; the first begins at `from`.
   */
  usage(from: number, to: number, stepMs: number, detail: UsageDetail): Promise<readonly UsageSum[]>;
  /**
   * The same of the other machines that share the plan's quota; left out where none can.
   * @throws {SharedQuotaError} when they cannot be asked.
   */
  usageOfOthers?(
    planId: string,
    from: number,
    to: number,
    stepMs: number,
    detail: UsageDetail,
  ): Promise<readonly UsageSum[]>;
  /** @param sessionId whose plan's limits are wanted; the terms' when left out. */
  view(terms: QuotaTerms, now: number, sessionId?: string): Promise<LedgerView>;
  /**
   * Tells of changes by whichever engine, this one included, within a quarter of a second.
   * @returns a function that ends it.
   */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}
