import * as z from 'zod';
import type { PlanLease, ScopeLease } from '../core/lease.ts';
import { leaseDimensions, type UsageDelivery } from '../core/sharedQuota.ts';
import { smallerLeaseLimits } from '../core/lease.ts';
import { amounts, json, usage } from './rowParts.ts';
import type { MachineRow } from './sharedRows.ts';

const moment = z.object({ monotonic: z.number(), wall: z.number() });

const leaseAmounts = z.object({ ...amounts.shape, tokensPerDay: z.number(), slots: z.number() });

const leaseLimits = z
  .partialRecord(z.enum(leaseDimensions), z.number())
  .transform((limits) => smallerLeaseLimits(limits, {}));

/** What a machine has of a scope. */
export const scopeLease: z.ZodType<ScopeLease> = z.object({
  consumed: amounts,
  grant: z
    .object({
      epoch: z.number(),
      dayKey: z.string(),
      granted: leaseAmounts,
      returned: leaseAmounts,
      limits: leaseLimits,
      larger: leaseLimits.exactOptional(),
      fairShare: leaseAmounts,
      fairPart: z.number().exactOptional(),
      usedByOthers: leaseAmounts,
      leasedByOthers: leaseAmounts,
      grantedAt: z.number(),
      told: amounts,
      unmet: z.boolean(),
      pace: amounts,
      pacedAt: z.number(),
      paced: amounts,
      recent: z.object({ pace: amounts, at: z.number(), taken: amounts }).exactOptional(),
      expected: amounts.exactOptional(),
      low: amounts,
    })
    .exactOptional(),
});

/** What a machine has of a plan. */
export const planLease: z.ZodType<PlanLease> = z.object({
  epoch: z.number(),
  at: moment,
  durationMs: z.number(),
  askAgainAt: z.number(),
  askedAt: z.number(),
  othersWait: z.boolean(),
  away: z
    .object({ since: moment, kind: z.enum(['away', 'refused']), message: z.string(), attempts: z.number() })
    .exactOptional(),
});

const machineRecord = z.object({
  machineId: z.string(),
  keepers: z.record(z.string(), z.object({ engineId: z.string(), at: moment })),
});

const outboxRecord = z.object({
  planId: z.string(),
  at: z.number(),
  sessionId: z.string(),
  agentId: z.string(),
  model: z.string().optional(),
  requestId: z.string().optional(),
  usage,
});

/** What the rows that a ledger keeps for other machines must look like. */
export const sharedRowSchemas = {
  sequence: z.object({ seq: z.number() }),
  machine: z.object({ record: json.pipe(machineRecord) }).transform(({ record }): MachineRow => record),
  delivery: z
    .object({ position: z.number(), record: json.pipe(outboxRecord) })
    .transform(({ position, record: { model, requestId, ...record } }): UsageDelivery => ({
      ...record,
      position,
      model,
      requestId,
    })),
} as const;
