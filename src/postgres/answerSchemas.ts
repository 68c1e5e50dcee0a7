import * as z from 'zod';
import { leaseDimensions, type LeaseAmounts, type LeaseGrant, type LeaseLimits } from '../core/sharedQuota.ts';
import { rateDimensions, type RateLimits } from '../core/rateLimits.ts';

/** What the schema's functions answer. */

const amounts: z.ZodType<LeaseAmounts> = z.record(z.enum(leaseDimensions), z.number());
const limits = z
  .partialRecord(z.enum(leaseDimensions), z.number())
  .transform((known): LeaseLimits => known as LeaseLimits);
const reported = z
  .partialRecord(z.enum(rateDimensions), z.number())
  .transform((known): RateLimits => known as RateLimits);

const window = z.object({
  name: z.enum(['fiveHour', 'sevenDay']),
  utilization: z.number(),
  resetsAt: z.number(),
  rejected: z.boolean(),
  reportedAt: z.number(),
});

export const grantSchema: z.ZodType<LeaseGrant> = z
  .object({
    planId: z.string(),
    epoch: z.number(),
    durationMs: z.number(),
    dayKey: z.string(),
    scopes: z.array(
      z.object({
        scopeId: z.string(),
        granted: amounts,
        limits,
        reported,
        used: amounts,
        leased: amounts,
        fairShare: amounts,
        pausedForMs: z.number(),
        windows: z.array(window),
      }),
    ),
    askAgainAfterMs: z.number().nullable(),
    othersWait: z.boolean(),
  })
  .transform(({ askAgainAfterMs, ...grant }) => ({ ...grant, askAgainAfterMs: askAgainAfterMs ?? undefined }));

/** PostgreSQL's 64-bit numbers come as text. */
const count = z.coerce.number();

export const machineRow = z.object({
  machine_id: z.string(),
  name: z.string(),
  user_name: z.string(),
  body: z.string(),
  age_ms: z.number(),
});

export const usageRow = z.object({
  at: z.number(),
  machine_id: z.string(),
  agent_id: z.string(),
  session_id: z.string().nullable(),
  model: z.string().nullable(),
  is_long: z.boolean(),
  requests: count,
  input_tokens: count,
  cache_creation_5m_tokens: count,
  cache_creation_1h_tokens: count,
  cache_read_tokens: count,
  output_tokens: count,
});
