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

/** This machine's part of a limit that other machines share, in the limit's unit. */
export interface OwnPart {
  /** Of `LimitStatus.used`. */
  readonly used: number;
  /** The most that this machine uses by its own settings, where that is less than the limit of all. */
  readonly limit?: number;
}

/** One limit and how much of it is used now: by all machines that share it. */
export interface LimitStatus {
  readonly dimension: Dimension;
  /** What all machines that share it may use together. */
  readonly limit: number;
  /** Includes what is reserved for requests in flight. May be above `limit` when a request used more than was left. */
  readonly used: number;
  /**
   * What agents of this machine may still use: what is left of `limit`, or of `own.limit` where that is less. Never
   * below 0.
   */
  readonly remaining: number;
  /**
   * When agents of this machine wait, from 100 on: the larger one of what is used of `limit` and of what this machine
   * uses of `own.limit`. 0 to 100; may be above 100.
   */
  readonly percentage: number;
  /**
   * Absent where the limit is this machine's alone, or where all that is used of it is and nothing else bounds it.
   */
  readonly own?: OwnPart;
  /** When it is whole again if nothing more is used: milliseconds since the epoch. Absent for slots and when whole. */
  readonly resetsAt?: number;
  /** Who says so: the user's setting, or what Anthropic reported. */
  readonly source: 'setting' | 'reported';
  /** The models that share the limit (`opus-5`); absent when it is the whole plan's. */
  readonly models?: string;
  /** When it was reported, for what only reports can tell: milliseconds since the epoch. */
  readonly reportedAt?: number;
}

/** What of a limit makes agents of this machine wait first: the whole, or its own part where its own bound is nearer. */
export function decidingPart({ limit, used, own }: Pick<LimitStatus, 'limit' | 'used' | 'own'>): {
  readonly limit: number;
  readonly used: number;
  readonly isOwn: boolean;
} {
  const isOwn = own?.limit !== undefined && own.used / own.limit > used / limit;
  return isOwn ? { limit: own.limit, used: own.used, isOwn } : { limit, used, isOwn };
}
