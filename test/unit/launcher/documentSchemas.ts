import * as z from 'zod';

/** What docs/command-line.md says of the documents that `--json` prints; a field that it does not name fails. */

const time = z.iso.datetime();
const count = z.int().min(0);
const tokens = z.strictObject({
  input: count,
  cacheWrite5m: count,
  cacheWrite1h: count,
  cacheRead: count,
  output: count,
  total: count,
});
const problem = z.strictObject({
  code: z.string().min(1),
  severity: z.enum(['warning', 'error']),
  message: z.string().min(1),
  nextStep: z.string().min(1),
});
const plan = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('MaxSubscription'), dailyTokens: count, concurrentAgents: count }),
  z.strictObject({
    kind: z.literal('ApiKey'),
    requestsPerMinute: count,
    tokensPerMinute: count,
    concurrentAgents: count,
  }),
]);
const session = z.strictObject({
  sessionId: z.string().min(1),
  agentId: z.string().min(1),
  activity: z.enum(['working', 'waiting', 'ready', 'idle', 'paused', 'unauthenticated', 'ended']),
  state: z.enum(['active', 'idle', 'ended']),
  mode: z.enum(['routed', 'observed', 'unauthenticated']),
  workspace: z.string(),
  pid: count,
  createdAt: time,
  lastActivityAt: time,
  requests: count,
  runningRequests: count,
  waitingRequests: count,
  paused: z.literal(true).optional(),
  pausedAt: time.optional(),
  parentSessionId: z.string().min(1).optional(),
  weight: z.number().optional(),
  tokens,
  subagents: z.array(
    z.strictObject({
      subagentId: z.string(),
      parentId: z.string().optional(),
      requests: count,
      tokens,
      lastActivityAt: time,
    }),
  ),
  subagentsLeftOut: count,
});
const ownPart = z.strictObject({ used: z.number(), limit: z.number().optional() });
const limit = z.strictObject({
  dimension: z.enum([
    'requestsPerMinute',
    'tokensPerMinute',
    'inputTokensPerMinute',
    'outputTokensPerMinute',
    'tokensPerDay',
    'fiveHour',
    'sevenDay',
    'slots',
  ]),
  models: z.string().optional(),
  limit: z.number(),
  used: z.number(),
  remaining: z.number(),
  percentage: z.number(),
  resetsAt: time.optional(),
  source: z.enum(['setting', 'reported']),
  reportedAt: time.optional(),
  own: ownPart.optional(),
});

function document<Shape extends z.core.$ZodLooseShape>(command: string, shape: Shape) {
  const head = { version: z.literal(1), command: z.literal(command), ...shape };
  return z.discriminatedUnion('ok', [
    z.strictObject({ ...head, ok: z.literal(true) }),
    z.strictObject({ ...head, ok: z.literal(false), error: errorSchema }),
  ]);
}

const errorSchema = z.strictObject({ code: z.string().min(1), message: z.string().min(1), nextStep: z.string() });

/** What is printed when there is no answer; without a command when it is not known which was meant. */
export const failureSchema = z.strictObject({
  version: z.literal(1),
  command: z.string().optional(),
  ok: z.literal(false),
  error: errorSchema,
});

export const documentSchemas = {
  status: document('status', {
    at: time,
    engine: z.strictObject({
      gatewayUrl: z.url(),
      ledger: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('sqlite') }),
        z.strictObject({ kind: z.literal('memory'), reason: z.string() }),
      ]),
    }),
    plan,
    healthy: z.boolean(),
    usedPercentage: z.number(),
    slots: z.strictObject({ limit: count, used: count, own: ownPart.optional() }),
    waitingAgents: count,
    usedToday: tokens,
    problems: z.array(problem),
  }),
  quota: document('quota', {
    at: time,
    plan,
    usedPercentage: z.number(),
    limits: z.array(limit),
    pausedUntil: time.optional(),
    pausedModels: z.array(z.strictObject({ models: z.string(), until: time })),
    usedToday: tokens,
  }),
  sessions: document('sessions', {
    at: time,
    sessions: z.array(session),
    line: z.array(z.strictObject({ agentId: z.string(), place: z.int().min(1), waitingSince: time })),
  }),
  test: document('test', {
    test: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('works'), endpoint: z.url(), latencyMs: z.number(), source: z.string() }),
      z.strictObject({ kind: z.literal('subscription'), source: z.string(), mode: z.enum(['observed', 'routed']) }),
      z.strictObject({ kind: z.literal('fails'), endpoint: z.url().optional(), problem }),
    ]),
  }),
  cleanup: document('cleanup', {
    inactivitySeconds: z.number(),
    ended: z.array(session),
    idle: z.array(session),
  }),
  release: z.union([
    z.strictObject({ version: z.literal(1), command: z.literal('release'), ok: z.literal(true), released: session }),
    failureSchema.extend({
      command: z.literal('release'),
      candidates: z.array(session).min(2).optional(),
      candidateCount: count.optional(),
    }),
  ]),
} as const;
