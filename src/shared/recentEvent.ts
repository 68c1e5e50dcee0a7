/** Something worth knowing that has happened. `at` is milliseconds since the epoch, durations are milliseconds. */
export type RecentEvent = {
  /** Counts up by one from event to event. */
  readonly id: number;
  readonly at: number;
} & EventContent;

/** Whose it is. */
export interface EventSession {
  readonly sessionId: string;
  readonly agentId: string;
}

export type EventContent =
  /**
   * Requests of one session that were held until there was room: each would have been answered with 429 otherwise.
   * Those that follow closely on one another are one event, whose `at` is that of the last.
   */
  | {
      readonly kind: 'waited';
      readonly session: EventSession;
      readonly requests: number;
      readonly longestMs: number;
    }
  /** A request or turn that was refused by Agent Quota; `why` says it to people. */
  | { readonly kind: 'refused'; readonly session: EventSession; readonly requests: number; readonly why: string }
  /** The upstream has answered with 429 or 529 all the same. */
  | { readonly kind: 'limited'; readonly session: EventSession; readonly requests: number; readonly status: number }
  /** A limit is another one than before; undefined is none. */
  | {
      readonly kind: 'limit-changed';
      readonly dimension: string;
      readonly models?: string;
      readonly from: number | undefined;
      readonly to: number | undefined;
    }
  /** Something does not work as it should; see `Problem`. */
  | { readonly kind: 'fault'; readonly code: string; readonly message: string }
  | { readonly kind: 'fault-over'; readonly code: string; readonly message: string }
  | { readonly kind: 'session-started'; readonly session: EventSession }
  | { readonly kind: 'session-ended'; readonly session: EventSession };
