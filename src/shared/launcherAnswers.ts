import * as z from 'zod/mini';
import { problemSchema } from './engineMessages.ts';
import { dimensions } from './limitStatus.ts';

/**
 * What the engine answers to a launcher's `query`. Kept apart from the other messages: a launcher that runs an agent
 * need not load it. Times are in milliseconds since the epoch.
 */

/** The longest line with an answer, in UTF-16 code units: thousands of sessions, or ten thousands of subagents. */
export const longestAnswer = 16 * 1024 * 1024;

const tokensSchema = z.object({
  /** Neither read from nor written to the prompt cache. */
  input: z.number(),
  cacheWrite5m: z.number(),
  cacheWrite1h: z.number(),
  cacheRead: z.number(),
  output: z.number(),
  /** All of them. */
  total: z.number(),
});
export type TokensAnswer = z.infer<typeof tokensSchema>;

const limitSchema = z.object({
  dimension: z.enum(dimensions),
  limit: z.number(),
  used: z.number(),
  remaining: z.number(),
  percentage: z.number(),
  resetsAt: z.exactOptional(z.number()),
  source: z.enum(['setting', 'reported']),
  models: z.exactOptional(z.string()),
  reportedAt: z.exactOptional(z.number()),
  /** This machine's part, where other machines share the limit; as `LimitStatus.own`. */
  own: z.exactOptional(z.object({ used: z.number(), limit: z.exactOptional(z.number()) })),
});

const subagentSchema = z.object({
  subagentId: z.string(),
  /** Absent when the session's own agent started it. */
  parentId: z.exactOptional(z.string()),
  requests: z.number(),
  tokens: tokensSchema,
  lastActivityAt: z.number(),
});
export type SubagentAnswer = z.infer<typeof subagentSchema>;

const sessionSchema = z.object({
  sessionId: z.string(),
  agentId: z.string(),
  state: z.enum(['active', 'idle', 'ended']),
  mode: z.enum(['routed', 'observed', 'unauthenticated']),
  workspace: z.string(),
  pid: z.number(),
  createdAt: z.number(),
  lastActivityAt: z.number(),
  /** Answered so far. */
  requests: z.number(),
  runningRequests: z.number(),
  waitingRequests: z.number(),
  /** Whether its requests wait because the user said so, and since when. */
  paused: z.exactOptional(z.literal(true)),
  pausedAt: z.exactOptional(z.number()),
  /** The session whose agent started this one's; it may have ended. */
  parentSessionId: z.exactOptional(z.string()),
  /** Its share when capacity is short, where the user has set one for it. */
  weight: z.exactOptional(z.number()),
  tokens: tokensSchema,
  subagents: z.array(subagentSchema),
  /** How many older subagents are not among them. */
  subagentsLeftOut: z.number(),
});
export type SessionAnswer = z.infer<typeof sessionSchema>;

const planSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('MaxSubscription'), dailyTokens: z.number(), concurrentAgents: z.number() }),
  z.object({
    kind: z.literal('ApiKey'),
    requestsPerMinute: z.number(),
    tokensPerMinute: z.number(),
    concurrentAgents: z.number(),
  }),
]);

const statusSchema = z.object({
  what: z.literal('status'),
  at: z.number(),
  plan: planSchema,
  gatewayUrl: z.string(),
  ledger: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('sqlite') }),
    z.object({ kind: z.literal('memory'), reason: z.string() }),
  ]),
  healthy: z.boolean(),
  problems: z.array(problemSchema),
  /** The highest percentage among the limits other than slots. */
  percentage: z.number(),
  limits: z.array(limitSchema),
  pausedUntil: z.exactOptional(z.number()),
  pausedModels: z.array(z.object({ models: z.string(), until: z.number() })),
  usedToday: tokensSchema,
  /** Live ones of all windows, oldest first. */
  sessions: z.array(sessionSchema),
  /** Who waits for a slot, the next one first. */
  line: z.array(z.object({ agentId: z.string(), place: z.number(), waitingSince: z.number() })),
});
export type StatusAnswer = z.infer<typeof statusSchema>;

const authTestSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('works'), endpoint: z.string(), latencyMs: z.number(), source: z.string() }),
  z.object({ kind: z.literal('subscription'), source: z.string(), mode: z.enum(['observed', 'routed']) }),
  z.object({ kind: z.literal('fails'), endpoint: z.exactOptional(z.string()), problem: problemSchema }),
]);
export type AuthTestAnswer = z.infer<typeof authTestSchema>;

const cleanUpSchema = z.object({
  what: z.literal('cleanup'),
  /** How long a session may do nothing before its slot is taken. */
  inactivityMs: z.number(),
  /** Sessions that have ended, or have given their slot back. */
  changed: z.array(sessionSchema),
});
export type CleanUpAnswer = z.infer<typeof cleanUpSchema>;

const releaseResultSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('released'), session: sessionSchema }),
  z.object({ kind: z.literal('notFound') }),
  /** `candidates` are the first of so many. */
  z.object({ kind: z.literal('ambiguous'), candidates: z.array(sessionSchema), count: z.number() }),
]);
export type ReleaseResult = z.infer<typeof releaseResultSchema>;

export const answerSchema = z.discriminatedUnion('what', [
  statusSchema,
  z.object({ what: z.literal('test'), test: authTestSchema }),
  cleanUpSchema,
  z.object({ what: z.literal('release'), result: releaseResultSchema }),
]);
export type QueryAnswer = z.infer<typeof answerSchema>;
