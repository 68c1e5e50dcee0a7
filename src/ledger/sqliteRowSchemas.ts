import * as z from 'zod';
import { rateDimensions, smallerLimits } from '../core/rateLimits.ts';
import type { UsageSum } from '../core/usageSum.ts';
import { amounts, json, usage } from './rowParts.ts';
import { planLease, scopeLease } from './sharedRowSchemas.ts';
import type { DayRow, ReservationRow, ScopeRow, SessionRow, SlotTicketRow } from './ledgerStore.ts';

const processIdentity = z
  .object({ pid: z.number(), startMark: z.string().optional() })
  .transform(({ pid, startMark }) => (startMark === undefined ? { pid } : { pid, startMark }));

const sessionBase = {
  sessionId: z.string(),
  agentId: z.string(),
  planId: z.string(),
  mode: z.enum(['routed', 'observed', 'unauthenticated']),
  allocation: z
    .object({ requestsPerMinute: z.number().optional(), tokens: z.number() })
    .transform(({ requestsPerMinute, tokens }) =>
      requestsPerMinute === undefined ? { tokens } : { requestsPerMinute, tokens },
    ),
  process: processIdentity,
  workspace: z.string(),
  createdAt: z.number(),
  lastActivityAt: z.number(),
  usage,
  requests: z.number(),
  model: z.string().exactOptional(),
  accountTold: z.literal(true).exactOptional(),
  observedBy: z.enum(['telemetry', 'transcripts']).exactOptional(),
  heard: z
    .object({
      hooks: z.number().exactOptional(),
      turn: z.number().exactOptional(),
      telemetry: z.number().exactOptional(),
      unnamed: z.number().exactOptional(),
    })
    .exactOptional(),
  transcripts: z.array(z.string()).exactOptional(),
  parentSessionId: z.string().exactOptional(),
};

const live = {
  pausedAt: z.number().exactOptional(),
  weight: z.number().exactOptional(),
  placeKept: z.number().exactOptional(),
};

const session = z.discriminatedUnion('state', [
  z.object({ ...sessionBase, ...live, state: z.literal('active') }),
  z.object({ ...sessionBase, ...live, state: z.literal('idle'), idleSince: z.number() }),
  z.object({
    ...sessionBase,
    state: z.literal('ended'),
    endedAt: z.number(),
    endReason: z.enum(['released', 'process-ended', 'inactive']),
  }),
]);

const rateDimension = z.enum(rateDimensions);

const reservationState = z.enum([
  'waiting',
  'admitted',
  'running',
  'day-used-up',
  'agent-day-used-up',
  'window-used-up',
  'gone',
]);

const optionalUsage = json
  .pipe(usage)
  .nullable()
  .transform((known) => known ?? undefined);

const sessionRow = z
  .object({ record: json.pipe(session), token_hash: z.string(), engine_id: z.string(), finish_tag: z.number() })
  .transform((row): SessionRow => ({
    session: row.record,
    tokenHash: row.token_hash,
    engineId: row.engine_id,
    finishTag: row.finish_tag,
  }));

const reservationRow = z
  .object({
    reservation_id: z.string(),
    session_id: z.string(),
    engine_id: z.string(),
    plan_id: z.string(),
    scopes: json.pipe(z.array(z.string())),
    state: reservationState,
    tag: z.number(),
    weight: z.number(),
    cost: json.pipe(amounts),
    charged: json.pipe(amounts),
    usage: optionalUsage,
  })
  .transform((row): ReservationRow => ({
    reservationId: row.reservation_id,
    sessionId: row.session_id,
    engineId: row.engine_id,
    planId: row.plan_id,
    scopes: row.scopes,
    state: row.state,
    tag: row.tag,
    weight: row.weight,
    cost: row.cost,
    charged: row.charged,
    usage: row.usage,
  }));

const ticketRow = z
  .object({ ticket: z.string(), agent_id: z.string(), engine_id: z.string(), plan_id: z.string(), since: z.number() })
  .transform((row): SlotTicketRow => ({
    ticket: row.ticket,
    agentId: row.agent_id,
    engineId: row.engine_id,
    planId: row.plan_id,
    since: row.since,
  }));

const dayColumns = {
  requests: z.number(),
  input_tokens: z.number(),
  cache_creation_5m_tokens: z.number(),
  cache_creation_1h_tokens: z.number(),
  cache_read_tokens: z.number(),
  output_tokens: z.number(),
};

function dayOf(row: z.infer<z.ZodObject<typeof dayColumns>>): DayRow {
  return {
    requests: row.requests,
    usage: {
      inputTokens: row.input_tokens,
      cacheCreation5mTokens: row.cache_creation_5m_tokens,
      cacheCreation1hTokens: row.cache_creation_1h_tokens,
      cacheReadTokens: row.cache_read_tokens,
      outputTokens: row.output_tokens,
    },
  };
}

const dayRow = z.object(dayColumns).transform(dayOf);

const subagentRow = z
  .object({ session_id: z.string(), subagent_id: z.string(), parent_id: z.string().nullable(), last_at: z.number() })
  .and(dayRow)
  .transform(({ session_id, subagent_id, parent_id, last_at, requests, usage }) => ({
    sessionId: session_id,
    subagent: { subagentId: subagent_id, parentId: parent_id ?? undefined, requests, usage, lastAt: last_at },
  }));

const usageSumRow = z
  .object({
    step: z.number(),
    plan_id: z.string(),
    agent_id: z.string(),
    session_id: z.string().nullable(),
    model: z.string().nullable(),
    is_long: z.number(),
    ...dayColumns,
  })
  .transform((row): UsageSum => ({
    at: row.step,
    planId: row.plan_id,
    agentId: row.agent_id,
    sessionId: row.session_id ?? undefined,
    model: row.model ?? undefined,
    isLong: row.is_long === 1,
    ...dayOf(row),
  }));

const usageIdRow = z.object({ usage_id: z.number().nullable() });

const usageMomentRow = z
  .object({ usage_id: z.number(), at: z.number() })
  .transform((row) => ({ usageId: row.usage_id, at: row.at }));

const bucket = z.object({ used: z.number(), at: z.number(), held: z.number() });

const scopeRecord = z.object({
  buckets: z.object({
    requestsPerMinute: bucket,
    tokensPerMinute: bucket,
    inputTokensPerMinute: bucket,
    outputTokensPerMinute: bucket,
  }),
  reported: z.partialRecord(rateDimension, z.number()),
  pausedAt: z.number(),
  pausedUntil: z.number(),
  virtualTime: z.number(),
  share: z.object({ share: z.number(), at: z.number() }),
  windows: z.array(
    z.object({
      name: z.enum(['fiveHour', 'sevenDay']),
      utilization: z.number(),
      resetsAt: z.number(),
      rejected: z.boolean(),
      reportedAt: z.number(),
    }),
  ),
  lease: scopeLease.exactOptional(),
  planLease: planLease.exactOptional(),
});

const scopeRow = z
  .object({ record: json.pipe(scopeRecord) })
  .transform(({ record }): ScopeRow => ({ ...record, reported: smallerLimits(record.reported, {}) }));

const engineRow = z
  .object({ engine_id: z.string(), process: json.pipe(processIdentity) })
  .transform((row) => ({ engineId: row.engine_id, process: row.process }));

const holderRow = z
  .object({ session_id: z.string(), agent_id: z.string() })
  .transform((row) => ({ sessionId: row.session_id, agentId: row.agent_id }));

const activityRow = z
  .object({ session_id: z.string(), plan_id: z.string(), state: reservationState, usage: optionalUsage })
  .transform((row) => ({ sessionId: row.session_id, planId: row.plan_id, state: row.state, usage: row.usage }));

/** What the ledger file's rows must look like; a row that does not is an error and not guessed at. */
export const rowSchemas = {
  session: sessionRow,
  reservation: reservationRow,
  ticket: ticketRow,
  day: dayRow,
  subagent: subagentRow,
  usageSum: usageSumRow,
  usageId: usageIdRow,
  usageMoment: usageMomentRow,
  scope: scopeRow,
  scopeId: z.object({ scope_id: z.string() }),
  planId: z.object({ plan_id: z.string() }),
  sessionId: z.object({ session_id: z.string() }),
  engine: engineRow,
  holder: holderRow,
  activity: activityRow,
  sum: z.object({ sum: z.number() }),
} as const;
