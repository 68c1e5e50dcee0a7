/**
 * What a plan limits. Rates are per minute; `tokensPerDay` is per local calendar day; `fiveHour` and `sevenDay` are a
 * subscription's windows, in percent; `slots` are concurrent agents.
 */
export const dimensions = [
  'requestsPerMinute',
  'tokensPerMinute',
  'inputTokensPerMinute',
  'outputTokensPerMinute',
  'tokensPerDay',
  'fiveHour',
  'sevenDay',
  'slots',
] as const;
export type Dimension = (typeof dimensions)[number];

/** One limit and how much of it is used now. */
export interface LimitStatus {
  readonly dimension: Dimension;
  readonly limit: number;
  /** Includes what is reserved for requests in flight. May be above `limit` when a request used more than was left. */
  readonly used: number;
  /** Never below 0. */
  readonly remaining: number;
  /** 0 to 100, of `limit`; may be above 100. */
  readonly percentage: number;
  /** When it is whole again if nothing more is used: milliseconds since the epoch. Absent for slots and when whole. */
  readonly resetsAt?: number;
  /** Who says so: the user's setting, or what Anthropic reported. */
  readonly source: 'setting' | 'reported';
  /** The models that share the limit (`opus-5`); absent when it is the whole plan's. */
  readonly models?: string;
  /** When it was reported, for what only reports can tell: milliseconds since the epoch. */
  readonly reportedAt?: number;
}
