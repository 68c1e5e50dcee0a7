import * as z from 'zod/mini';
import { activities } from './sessionActivity.ts';

/**
 * What the details page and the extension say to each other. The extension sends texts, ready to show: so the page,
 * the tree and the status bar cannot disagree, and the page stays small.
 */

const levelSchema = z.enum(['normal', 'warning', 'error']);

const gaugeSchema = z.object({
  id: z.string(),
  label: z.string(),
  /** 0 and up; above 100 when more was used than the limit. */
  percentage: z.number(),
  share: z.string(),
  amount: z.string(),
  /** Empty when there is nothing to reset. */
  reset: z.string(),
  /** Who says so: the settings, or Anthropic. */
  source: z.string(),
  level: levelSchema,
});
export type DashboardGauge = z.infer<typeof gaugeSchema>;

const noteSchema = z.object({
  id: z.string(),
  level: z.enum(['information', 'warning', 'error']),
  message: z.string(),
  /** What to do; empty for plain information. */
  nextStep: z.string(),
});
export type DashboardNote = z.infer<typeof noteSchema>;

const rowSchema = z.object({
  /** A session's id, or the ticket of one who waits for a slot. */
  id: z.string(),
  kind: z.enum(['session', 'waiting']),
  agent: z.string(),
  activity: z.enum(activities),
  state: z.string(),
  tokens: z.string(),
  /** The tokens by kind. */
  tokensDetail: z.string(),
  requests: z.string(),
  age: z.string(),
  workspace: z.string(),
});
export type DashboardRow = z.infer<typeof rowSchema>;

const viewSchema = z.object({
  /** One line: the plan and where the numbers are from. */
  summary: z.string(),
  notes: z.array(noteSchema),
  gauges: z.array(gaugeSchema),
  rows: z.array(rowSchema),
  /** Whether the numbers are those of now. */
  live: z.boolean(),
});
export type DashboardView = z.infer<typeof viewSchema>;

export const toDashboardSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('show'), view: viewSchema }),
]);
export type ToDashboard = z.infer<typeof toDashboardSchema>;

export const fromDashboardSchema = z.discriminatedUnion('type', [
  /** The page is there and shows what it is sent from now on. */
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('testAuthentication') }),
  z.object({ type: z.literal('newAgentTerminal') }),
  z.object({ type: z.literal('showLog') }),
  z.object({ type: z.literal('release'), sessionId: z.string().check(z.minLength(1), z.maxLength(100)) }),
]);
export type FromDashboard = z.infer<typeof fromDashboardSchema>;
