import type { LimitProjection } from '../shared/limitProjection.ts';
import type { EnvironmentOverlay } from '../shared/overlayVariables.ts';
import type { RecentEvent } from '../shared/recentEvent.ts';
import type { Cost, HistoryQuery, UsageHistory } from '../shared/usageHistory.ts';
import type { AgentRule } from './agentRules.ts';
import type { Credentials, Problem, SubscriptionMode } from './credentials.ts';
import type { AwayPolicy } from './lease.ts';
import type { LogLevel } from './logger.ts';
import type { Plan } from './plan.ts';
import type { QuotaStatus } from './quotaStatus.ts';
import type { Reporting } from './reporting.ts';
import type { ProcessIdentity, Session, SessionSteering } from './session.ts';
import type { SharedState } from './sharedState.ts';
import type { SubagentUsage } from './subagent.ts';
import type { UpstreamNetwork } from './upstreamNetwork.ts';
import type { Usage } from './usage.ts';

/** What the window tells the engine; sent again whole whenever a part changes. Durations are in milliseconds. */
export interface EngineConfiguration {
  readonly plan: Plan;
  /** What single agents may use, beside the plan. */
  readonly agents: readonly AgentRule[];
  /** See `QuotaTerms`. */
  readonly dailyTokens: 'fallback' | 'reported';
  readonly credentials: Credentials;
  /** What was wrong with the credentials when they were looked for. */
  readonly credentialProblems: readonly Problem[];
  /** How the upstream is reached. */
  readonly network: UpstreamNetwork;
  /** What is wrong with that; shown for as long as it is. */
  readonly networkProblems: readonly Problem[];
  /** A session without a request for so long gives its slot back. */
  readonly inactivityMs: number;
  /** The longest that a request waits in line before it is answered with 429. */
  readonly longestWaitMs: number;
  /** Shown with the session as where it was started. */
  readonly workspace: string;
  /** Nothing is reported when it is left out. */
  readonly reporting?: Reporting;
}

/** A wish for a session. */
export interface AgentRequest {
  /** Chosen by the asker; gives up or follows this wish by it. */
  readonly ticket: string;
  /** 1 to 64 of letters, digits, `.`, `_`, `-`, `:`, `@` and `/`; several sessions may share one. */
  readonly agentId: string;
  /** How long to wait in line for a slot: 0 not at all, undefined without end. */
  readonly waitMs?: number;
  /** The process that the session lives as long as; the window's own when it is not known yet. */
  readonly process?: ProcessIdentity;
  /** The session whose agent starts this one. */
  readonly parentSessionId?: string;
  /**
   * For who cannot wait: the session is opened whatever the limits say, and its requests wait or are refused instead.
   * Without a free slot it is idle until then.
   */
  readonly idleWithoutSlot?: boolean;
}

/** A session's answer. The overlay of a routed session holds its secret token: it is shown to nobody but the agent. */
export type AgentAuth =
  | {
      readonly kind: 'authenticated';
      readonly mode: 'routed' | 'observed';
      readonly agentId: string;
      readonly sessionId: string;
      readonly overlay: EnvironmentOverlay;
      /** Where the agent of an observed session reports; as secret as the session's token, which is in it. */
      readonly observer?: { readonly url: string };
      /** Something the user should know although the session works, such as an upstream that does not answer now. */
      readonly warning?: Problem;
    }
  | {
      readonly kind: 'unauthenticated';
      readonly agentId: string;
      readonly sessionId: string;
      readonly overlay: EnvironmentOverlay;
      readonly reason: Problem;
    }
  /** No slot, and the wait is over, given up, or pointless (the day is used up). */
  | { readonly kind: 'refused'; readonly agentId: string; readonly reason: Problem };

/** A caller's place in the line for a slot. */
export interface LinePlace {
  readonly ticket: string;
  readonly agentId: string;
  /** 1 is next. */
  readonly place: number;
  readonly waitingSince: number;
}

/** A session as shown. */
export type AgentRecord = Session & {
  /** The session's id as its agent knows it (`CLAUDE_SESSION_ID`); absent when unauthenticated. */
  readonly claudeSessionId?: string;
  /** Whether the agent runs on the plan. */
  readonly usesClaudeAuth: boolean;
  /** Requests of the session that wait in line now. */
  readonly waitingRequests: number;
  /** Requests of the session that are being answered now. */
  readonly runningRequests: number;
  /** What agents that the session's agent has started have used of it. */
  readonly subagents: readonly SubagentUsage[];
};

/** A session as shown among all others. */
export type ShownSession = AgentRecord & {
  /** Tokens a minute over the last minutes, cache reads included. */
  readonly tokensPerMinute: number;
  /** Of what it has used; some seconds behind, and absent until it is known. */
  readonly cost?: Cost;
};

export interface AuthHealth {
  readonly healthy: boolean;
  readonly activeAgents: number;
  /** See `QuotaStatus.percentage`. */
  readonly quotaPercentage: number;
  readonly problems: readonly Problem[];
}

/** The outcome of one real, cheap call with the user's credentials. */
export type AuthTest =
  | { readonly kind: 'works'; readonly endpoint: string; readonly latencyMs: number; readonly source: string }
  /** A subscription login is Claude Code's own: it was seen, and not used. Where it is routed, the way is clear. */
  | { readonly kind: 'subscription'; readonly source: string; readonly mode: SubscriptionMode }
  | { readonly kind: 'fails'; readonly endpoint?: string; readonly problem: Problem };

/** All that is on screen, at one moment. */
export interface EngineSnapshot {
  readonly at: number;
  readonly plan: Plan;
  /** Tells accounts apart: a session with another `planId` runs on another one. */
  readonly planId: string;
  readonly status: QuotaStatus;
  /** Live sessions of all windows, oldest first. */
  readonly sessions: readonly ShownSession[];
  readonly line: readonly LinePlace[];
  /** Tickets in that line with which agents of this window wait. */
  readonly ownTickets: readonly string[];
  /** What all sessions used since local midnight, ended ones included. */
  readonly usedToday: Usage;
  /** Tokens a minute of all sessions over the last minutes, cache reads included. */
  readonly tokensPerMinute: number;
  /** Of the limits that start anew at a moment: the day and a subscription's windows. */
  readonly projections: readonly LimitProjection[];
  /** When the engine was started, which tells it from one before: each counts its events from the beginning. */
  readonly startedAt: number;
  /** The `id` of the newest event; 0 while there is none. */
  readonly lastEventId: number;
  readonly health: AuthHealth;
  /** Where the agents of this window are sent. */
  readonly gatewayUrl: string;
  /** `sqlite`: shared by all windows and kept; `memory`: this window's alone, and why. */
  readonly ledger: { readonly kind: 'sqlite' } | { readonly kind: 'memory'; readonly reason: string };
  /** How the quota is shared with other machines, and what they do; absent where it is not. */
  readonly shared?: SharedState;
}

/** The engine as the window sees it. Every argument and result can be cloned. */
export interface QuotaEngine {
  configure(configuration: EngineConfiguration): Promise<void>;
  /** Opens a session, waiting in line as the request says. Never rejects for want of credentials or slots. */
  setupClaudeAgentAuth(request: AgentRequest): Promise<AgentAuth>;
  /** Leaves the line; the wish is answered with `refused`. Harmless when it is answered already. */
  giveUp(ticket: string): Promise<void>;
  /** Leaves the line, and the agent starts without quota: the user cannot wait. Harmless when it is answered already. */
  startWithoutQuota(ticket: string): Promise<void>;
  /** Ties a session to the process that it lives as long as. */
  attachProcess(sessionId: string, process: ProcessIdentity): Promise<void>;
  /** Ends all live sessions of an agent. @returns how many. */
  releaseAgentAuth(agentId: string): Promise<number>;
  /** Ends one session. @returns false when it was not live. */
  releaseSession(sessionId: string): Promise<boolean>;
  /** Pauses, resumes or weighs a session. @returns false when it is not live. */
  steerSession(sessionId: string, steering: SessionSteering): Promise<boolean>;
  checkAuthHealth(): Promise<AuthHealth>;
  getActiveAgents(): Promise<AgentRecord[]>;
  /**
   * Ends the sessions whose process is gone and takes the slot of those without activity for so long.
   * @returns the sessions it changed.
   */
  cleanupInactiveAgents(durationMs: number): Promise<AgentRecord[]>;
  testAuthentication(): Promise<AuthTest>;
  snapshot(): Promise<EngineSnapshot>;
  /** What was used over time, read beside the requests of agents. */
  history(query: HistoryQuery): Promise<UsageHistory>;
  /** Gives up reading transcripts for now; what was read stays. Harmless when none are read. */
  stopReadingTranscripts(): Promise<void>;
  /** What has happened of late in this window and to sessions of all, oldest first. @param afterId those after it. */
  events(afterId: number): Promise<readonly RecentEvent[]>;
  /** Where a Prometheus server finds metrics; undefined while the user does not want them. */
  metricsEndpoint(): Promise<MetricsEndpoint | undefined>;
  /** Where launchers of this window ask for sessions. */
  launcherEndpoint(): Promise<LauncherEndpoint>;
}

/** Metrics of this engine. */
export interface MetricsEndpoint {
  readonly url: string;
  /** The bearer token that is asked for there, the same over reloads of the window. */
  readonly token: string;
}

/** The engine's control socket. */
export interface LauncherEndpoint {
  /** Path of the socket, or name of the pipe. */
  readonly address: string;
  /** The directory with the secret that it asks for, and where all engines of the user are found. */
  readonly home: string;
}

/** What an engine is started with. An engine that takes the place of another is given what that one had. */
export interface EngineStart {
  /** One window's engine keeps its id over restarts, so that what the last one left in flight is cleared. */
  readonly engineId: string;
  /** Where the ledger and the control socket are; private to the user. */
  readonly storageDirectory: string;
  readonly launcherSecret: string;
  /** The script of the thread that writes the ledger's log into its file; the engine's own thread does it without. */
  readonly checkpointScript?: string;
  /** The scripts of the thread that keeps what transcripts say, and of what reads them; without them they are not read. */
  readonly transcriptScripts?: { readonly thread: string; readonly reader: string };
  /** The script that knows what models cost; without it only the user's prices are known. */
  readonly priceScript?: string;
  /** The script that collects metrics; without it none are collected. */
  readonly metricsScript?: string;
  /** Left out where the quota is this machine's alone. */
  readonly sharedLedger?: SharedLedgerStart;
  /** Tried first, since agents that run know it. */
  readonly gatewayPort?: number;
  /** Likewise for agents that report to this engine. */
  readonly observerPort?: number;
  /** Likewise for launchers that run. */
  readonly launcherAddress?: string;
}

/** How the quota is shared with other machines. */
export interface SharedLedgerStart {
  /** The script that does it: large, so only loaded where it is wanted. */
  readonly script: string;
  readonly whenAway: AwayPolicy;
  readonly hideNames: boolean;
  /** What prints the database's address; empty where the environment tells it. */
  readonly addressCommand: string;
}

/** What a started engine says of itself. */
export interface EngineStarted {
  readonly gatewayPort: number;
  readonly observerPort: number;
  readonly launcherAddress: string;
}

/** What the engine says by itself. */
export interface QuotaEngineEvents {
  /** A few times a second at most, and only when something changed. */
  readonly snapshotChanged: (snapshot: EngineSnapshot) => void;
  readonly logged: (level: LogLevel, message: string) => void;
  /** Something that the user is told once. */
  readonly problemFound: (problem: Problem) => void;
  /** How much of the transcripts is read that were never read before, 0 to 1; undefined when it is over. */
  readonly firstTranscripts: (share: number | undefined) => void;
  /** The upstream has rejected the key that holds, which may have expired, or an agent asks while none has come. */
  readonly keyWanted: () => void;
}

/** What the window calls over RPC: the engine, its beginning and its end. */
export interface EngineFunctions extends QuotaEngine {
  /** Builds everything; the first call. */
  start(): Promise<EngineStarted>;
  /** Ends everything in an orderly way. Sessions and their tokens stay. */
  close(): Promise<void>;
}
