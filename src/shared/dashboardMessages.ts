import * as z from 'zod/mini';
import { partsSchema, rowSchema } from './dashboardParts.ts';
import { usageQuerySchema, usageTotalsSchema, usageViewSchema } from './dashboardUsage.ts';

/** What the dashboard's page and the extension say to each other. */

export const toDashboardSchema = z.discriminatedUnion('type', [
  /** All there is. */
  z.object({ type: z.literal('show'), parts: partsSchema, rows: z.array(rowSchema) }),
  /** What has changed since: parts by name, rows that are new or other, and the ids of those that are gone. */
  z.object({
    type: z.literal('change'),
    parts: z.partial(partsSchema),
    rows: z.array(rowSchema),
    gone: z.array(z.string()),
  }),
  z.object({ type: z.literal('usage'), view: usageViewSchema }),
  /** The same usage, with what is counted live now; sent while nothing of the day is in it. */
  z.object({ type: z.literal('usageTotals'), totals: usageTotalsSchema }),
  /** What came of something that the user asked for, to be read aloud. */
  z.object({ type: z.literal('say'), text: z.string() }),
]);
export type ToDashboard = z.infer<typeof toDashboardSchema>;

const idSchema = z.string().check(z.minLength(1), z.maxLength(100));
const sessionId = { sessionId: idSchema };

export const exportFormats = ['csv', 'json'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const fromDashboardSchema = z.discriminatedUnion('type', [
  /** The page is there and shows what it is sent from now on. */
  z.object({ type: z.literal('ready'), usage: usageQuerySchema }),
  z.object({ type: z.literal('testAuthentication') }),
  z.object({ type: z.literal('newAgentTerminal') }),
  z.object({ type: z.literal('showLog') }),
  z.object({ type: z.literal('release'), ...sessionId }),
  z.object({ type: z.literal('pause'), ...sessionId }),
  z.object({ type: z.literal('resume'), ...sessionId }),
  z.object({ type: z.literal('weigh'), ...sessionId }),
  z.object({ type: z.literal('focusTerminal'), ...sessionId }),
  /** The chart is to be of this from now on. */
  z.object({ type: z.literal('showUsage'), usage: usageQuerySchema }),
  /** The rows that are shown, in their order. */
  z.object({
    type: z.literal('exportSessions'),
    format: z.enum(exportFormats),
    ids: z.array(idSchema).check(z.maxLength(10_000)),
  }),
  /** What the chart shows. */
  z.object({ type: z.literal('exportUsage'), format: z.enum(exportFormats) }),
  /** Something in the page does not work, or was forbidden to it. */
  z.object({ type: z.literal('failed'), what: z.string().check(z.maxLength(2000)) }),
]);
export type FromDashboard = z.infer<typeof fromDashboardSchema>;
