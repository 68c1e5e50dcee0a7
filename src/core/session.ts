import type { Usage } from './usage.ts';

/**
 * How the agent reaches Claude. `routed`: through the gateway. `observed`: directly, with its own subscription login.
 * `unauthenticated`: without quota, because no credentials could be had; holds no slot.
 */
export type SessionMode = 'routed' | 'observed' | 'unauthenticated';

/**
 * `telemetry`: the agent reports each request. `transcripts`: its user has other plans for its telemetry, so that only
 * what it writes down for itself tells.
 */
export type ObservedBy = 'telemetry' | 'transcripts';

/**
 * Ways in which an observed agent is heard: by any hook, by the hook at the end of an answered turn, by telemetry. `unnamed`:
 * by telemetry that does not tell the ids of requests, so that nobody knows which of a transcript they are.
 */
export type HeardSource = 'hooks' | 'turn' | 'telemetry' | 'unnamed';

/** What a session may count on when all slots are taken; it may use more while others use less. */
export interface Allocation {
  /** Absent where the plan has no limit of requests. */
  readonly requestsPerMinute?: number;
  /** Tokens a minute (`ApiKey`) or for the rest of the day (`MaxSubscription`). */
  readonly tokens: number;
}

/**
 * A process of this machine, told apart from a later one with the same number by when it started, or at least by the
 * machine's start.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque mark of when the process started, or was seen; absent where the platform does not tell cheaply. */
  readonly startMark?: string;
}

interface SessionBase {
  readonly sessionId: string;
  readonly agentId: string;
  readonly planId: string;
  readonly mode: SessionMode;
  readonly allocation: Allocation;
  /** The session lives exactly as long as this process. */
  readonly process: ProcessIdentity;
  /** Name of the workspace whose window opened the session. */
  readonly workspace: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly lastActivityAt: number;
  readonly usage: Usage;
  /** Requests that were answered. */
  readonly requests: number;
  /** The model of its own agent's last request, as the API names it; absent until one is booked. */
  readonly model?: string;
  /** Whether its agent has told its account: `planId` is that one's then, and else its window's. */
  readonly accountTold?: true;
  /** How what its agent uses is learned, where it is observed; absent until that is known. */
  readonly observedBy?: ObservedBy;
  /** When its agent was first heard in each way, where it is observed, in milliseconds since the epoch. */
  readonly heard?: Readonly<Partial<Record<HeardSource, number>>>;
  /** Paths of the transcripts that its agent has named, where it is observed, the latest last; absent for none. */
  readonly transcripts?: readonly string[];
  /** The session whose agent started this one's; absent for none. It may have ended before. */
  readonly parentSessionId?: string;
}

interface LiveSessionBase extends SessionBase {
  /** Since when its requests wait because the user said so, in milliseconds since the epoch; absent when they do not. */
  readonly pausedAt?: number;
  /** The user's word for this session alone, in place of its agent's; see `AgentLimits.weight`. */
  readonly weight?: number;
  /** Where a request of it began that left the line before it went (see `fairTag`): the next one has its place. */
  readonly placeKept?: number;
}

/** Holds a slot (unless unauthenticated). */
export interface ActiveSession extends LiveSessionBase {
  readonly state: 'active';
}
/** Has given its slot back for want of activity; its next request takes one again. */
export interface IdleSession extends LiveSessionBase {
  readonly state: 'idle';
  readonly idleSince: number;
}
/** Its token is dead. */
export interface EndedSession extends SessionBase {
  readonly state: 'ended';
  readonly endedAt: number;
  readonly endReason: EndReason;
}

export type EndReason = 'released' | 'process-ended' | 'inactive';

export type LiveSession = ActiveSession | IdleSession;
export type Session = LiveSession | EndedSession;

/** What the user changes of a live session; what is left out stays as it is. */
export interface SessionSteering {
  readonly paused?: boolean;
  /** 0.01 to 100; `null` leaves it to the agent's own again. */
  readonly weight?: number | null;
}

/**
 * How a session is looked up. `at-hand`: as it was a fraction of a second ago, if another window has ended or changed it
 * since, for much less; for those who ask for quota then, where it is looked up anew.
 */
export type LookUp = 'exact' | 'at-hand';
