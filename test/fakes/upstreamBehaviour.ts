/** Content codings that the simulated upstream can answer in. */
export type ContentCoding = 'identity' | 'gzip' | 'br' | 'deflate' | 'zstd';

/** The limits of the one organisation that all keys belong to, each per minute; what is left out is unlimited. */
export interface RateLimits {
  readonly requestsPerMinute?: number;
  /** Input (without cache reads) and output tokens together. */
  readonly tokensPerMinute?: number;
  /** Uncached input and cache writes; cache reads are free, as for all current models. */
  readonly inputTokensPerMinute?: number;
  readonly outputTokensPerMinute?: number;
}

/** Waits, in milliseconds of real time whatever clock is injected. */
export interface AnswerDelays {
  readonly beforeHeadersMs: number;
  readonly betweenEventsMs: number;
}

/** How many requests a fault hits: that many, or all until `behave({ faults: [] })`. */
export type FaultTimes = number | 'untilCleared';

/**
 * A fault that the next `POST /v1/messages` requests meet, after their credentials and before the rate limits.
 * `times` is 1 if left out; `afterEvents` counts SSE events sent before the fault, 3 if left out (message_start,
 * content_block_start, ping).
 */
export type ForcedFault =
  /** An error answer with the upstream's own type and wording for that status. */
  | {
      readonly kind: 'status';
      readonly status: 401 | 403 | 429 | 500 | 529;
      /** Sent as `retry-after`. */
      readonly retryAfterSeconds?: number;
      readonly times?: FaultTimes;
    }
  /** An `error` event after a 200; for a request that does not stream, the status that goes with the error. */
  | {
      readonly kind: 'errorEvent';
      readonly errorType?: 'api_error' | 'overloaded_error';
      readonly afterEvents?: number;
      readonly times?: FaultTimes;
    }
  /** A whole answer, slowly. */
  | ({ readonly kind: 'slow'; readonly times?: FaultTimes } & Partial<AnswerDelays>)
  /** The connection ends without an answer. */
  | { readonly kind: 'cutBeforeHeaders'; readonly times?: FaultTimes }
  /** The connection ends inside the answer: after so many events, or in the middle of the JSON. */
  | { readonly kind: 'cutMidStream'; readonly afterEvents?: number; readonly times?: FaultTimes };

/** One of the plan windows that answers to subscription logins report. */
export interface UnifiedWindow {
  /** Share used, 0 to 1. */
  readonly utilization: number;
  /** Epoch seconds. */
  readonly resetsAt: number;
  readonly status: 'allowed' | 'allowed_warning' | 'rejected';
}

/** The plan windows sent as `anthropic-ratelimit-unified-*` headers. */
export interface UnifiedWindows {
  readonly fiveHour: UnifiedWindow;
  readonly sevenDay: UnifiedWindow;
}

/** A call that the simulated model makes when a request offers a tool of that name and brings no tool result. */
export interface SimulatedToolUse {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Everything that can be switched while the simulated upstream runs. All of it is plain JSON. */
export interface UpstreamBehaviour {
  /** Changing them fills the buckets again. */
  readonly limits: RateLimits;
  /** Keys and bearer tokens that are let in; `'any'` lets in all that are not empty. */
  readonly acceptedKeys: readonly string[] | 'any';
  /** Faults still to come, the first one first. */
  readonly faults: readonly ForcedFault[];
  /** Used where the request's `accept-encoding` allows it. */
  readonly compression: ContentCoding;
  readonly delays: AnswerDelays;
  /** Output tokens of every answer, at least 1, cut off at the request's `max_tokens`. */
  readonly outputTokens: number;
  /** `text_delta` events of a streamed answer. */
  readonly deltaEvents: number;
  /** `message_delta` events; their usage is cumulative and only the last has a stop reason. */
  readonly messageDeltas: number;
  /** Whether an answer begins with a thinking block. */
  readonly thinking: boolean;
  readonly toolUse: SimulatedToolUse | null;
  readonly unified: UnifiedWindows | null;
}

/** No limits, every key, no faults, a short answer at once. */
export const DEFAULT_BEHAVIOUR: UpstreamBehaviour = {
  limits: {},
  acceptedKeys: 'any',
  faults: [],
  compression: 'identity',
  delays: { beforeHeadersMs: 0, betweenEventsMs: 0 },
  outputTokens: 12,
  deltaEvents: 3,
  messageDeltas: 1,
  thinking: false,
  toolUse: null,
  unified: null,
};
