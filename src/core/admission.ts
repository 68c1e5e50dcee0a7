import type { PlanWindow } from './planWindow.ts';
import type { LookUp, Session } from './session.ts';
import type { Subagent } from './subagent.ts';
import type { Usage } from './usage.ts';

/** Whose a session token is. */
export type TokenOwner =
  | { readonly kind: 'live'; readonly session: Session & { state: 'active' | 'idle' } }
  | { readonly kind: 'ended'; readonly session: Session & { state: 'ended' } }
  | { readonly kind: 'unknown' };

/** Of a token that is a session's. */
export type KnownOwner = Exclude<TokenOwner, { kind: 'unknown' }>;

/** A request that wants to use quota. */
export interface AdmissionAsk {
  readonly sessionId: string;
  /** Whether the request makes the model write (Messages API); others cost a request and no tokens. */
  readonly usesTokens: boolean;
  /** Length of the request's body in bytes; undefined when it is not announced. */
  readonly bodyBytes: number | undefined;
  /** The model that the body asks for, as far as its beginning tells. */
  readonly model?: string;
  /** The body's `max_tokens`, likewise. */
  readonly maxTokens?: number;
  /** Who within the session asks; absent for the session's own agent. */
  readonly subagent?: Subagent;
  /** How long the client waits for its answer to begin, in milliseconds, where it says so. */
  readonly patienceMs?: number;
}

/**
 * Thrown by `reserve` when a request is not admitted. Its message is for the agent's user and says what to do.
 */
export class AdmissionRefusedError extends Error {
  override readonly name = 'AdmissionRefusedError';
  /** Seconds after which trying again makes sense; undefined when it does not (the session has ended, the day is used up). */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, retryAfterSeconds: number | undefined) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What became of a request that was sent upstream. */
export interface RequestOutcome {
  /** What was metered, as far as it got; undefined when the upstream reported none. */
  readonly usage: Usage | undefined;
  /** The model that answered, as the upstream names it. */
  readonly model: string | undefined;
  /** The upstream's `request-id` header. */
  readonly requestId: string | undefined;
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Set where the upstream was not sent the whole request, so that it cannot have counted its input. */
  readonly unsent?: true;
}

/**
 * Quota held for one request. Exactly one of `settle` and `release` ends it; whatever is called after that does
 * nothing.
 */
export interface Reservation {
  /** The upstream's response headers have come: it has counted the request by now. */
  answered(): Promise<void>;
  /** The upstream has reported the input side (`message_start`): the estimate is corrected. */
  metered(usage: Usage): Promise<void>;
  /** The request is over and something of it was used. */
  settle(outcome: RequestOutcome): Promise<void>;
  /** The request never reached the upstream: everything is given back. */
  release(): Promise<void>;
}

/** One limit as the upstream's `anthropic-ratelimit-*` headers report it. */
export interface ReportedLimit {
  readonly dimension: 'requestsPerMinute' | 'tokensPerMinute' | 'inputTokensPerMinute' | 'outputTokensPerMinute';
  readonly limit: number;
  readonly remaining: number;
  /** Milliseconds since the epoch. */
  readonly resetsAt: number | undefined;
}

/** What an upstream's answer says about the plan's limits. */
export interface LimitReport {
  readonly limits: readonly ReportedLimit[];
  /** From `retry-after` on a 429 or 529, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The answer was 429: a limit was hit. */
  readonly limited: boolean;
  /** The model that the request asked for, where it is known: limits are each model group's own. */
  readonly model: string | undefined;
  /** A subscription's usage windows (`anthropic-ratelimit-unified-*`). */
  readonly windows: readonly PlanWindow[];
}

/** A message of a batch that has succeeded, as the batch's results tell it. */
export interface BatchedMessage {
  /** The message's own id (`msg_…`): it is the same each time that the results are read. */
  readonly messageId: string;
  /** The model that answered, where it is told. */
  readonly model: string | undefined;
  readonly usage: Usage;
}

/** What the gateway asks of the quota core. */
export interface RequestAdmission {
  /** @param token the session token as the agent presented it. @param how exact when left out. */
  ownerOfToken(token: string, how?: LookUp): Promise<TokenOwner>;
  /**
   * Waits in line until the request may be sent.
   * @param signal aborts the wait (the client has gone).
   * @throws AdmissionRefusedError, or the signal's reason.
   */
  reserve(ask: AdmissionAsk, signal: AbortSignal): Promise<Reservation>;
  /** Takes in what an answer says about limits. */
  observe(report: LimitReport): Promise<void>;
  /** Books what messages of a batch have used, each once. @param sessionId who reads the batch's results. */
  bookBatch(sessionId: string, messages: readonly BatchedMessage[]): Promise<void>;
}
