import * as z from 'zod/mini';
import { historySpans } from './usageHistory.ts';

/** What the dashboard's chart is of. */
export const usageGroupings = ['agent', 'model'] as const;

export const usageQuerySchema = z.object({ span: z.enum(historySpans), by: z.enum(usageGroupings) });
export type UsageQuery = z.infer<typeof usageQuerySchema>;

const seriesSchema = z.object({
  label: z.string(),
  /** For each of `starts`. */
  tokens: z.array(z.number()),
  /** The sum over the span, in words. */
  tokensText: z.string(),
  /** Empty when no price is known. */
  costText: z.string(),
});
export type UsageSeries = z.infer<typeof seriesSchema>;

const daySchema = z.object({
  /** `YYYY-MM-DD`. */
  day: z.string(),
  tokens: z.number(),
  /** All about the day, in words. */
  text: z.string(),
});
export type UsageDay = z.infer<typeof daySchema>;

const totalsMembers = {
  totals: z.array(z.object({ label: z.string(), tokens: z.string(), cost: z.string() })),
  /** What is to be known of the numbers: whether costs are the bill's, what is not read yet; empty when nothing is. */
  remarks: z.array(z.string()),
};

/** What was used in all, with what is counted live. */
export const usageTotalsSchema = z.object(totalsMembers);
export type UsageTotals = z.infer<typeof usageTotalsSchema>;

/** Usage over time, as the dashboard draws it. */
export const usageViewSchema = z.object({
  query: usageQuerySchema,
  /** Where each step begins, in milliseconds since the epoch, in order. */
  starts: z.array(z.number()),
  /** The largest first; those with nothing are not among them. */
  series: z.array(seriesSchema),
  /** Every one of the last 90 days, in order. */
  days: z.array(daySchema),
  ...totalsMembers,
});
export type UsageView = z.infer<typeof usageViewSchema>;
