import * as z from 'zod/mini';
import { activities } from './sessionActivity.ts';

/**
 * The parts of the dashboard. What the page neither sorts nor draws comes as text, ready to show, so that the page, the
 * tree and the status bar cannot disagree. Moments are milliseconds since the epoch.
 */

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
  level: z.enum(['normal', 'warning', 'error']),
  /** This machine's part of a limit that machines share, and how much of `percentage` it is. */
  own: z.optional(z.object({ text: z.string(), percentage: z.number() })),
  /** Where the present pace leads, with its uncertainty; absent for limits that are refilled all the time. */
  pace: z.optional(
    z.object({
      text: z.string(),
      /** The share that is used at the reset if it goes on so; `percentage` and up. */
      projected: z.number(),
      level: z.enum(['normal', 'warning', 'error']),
    }),
  ),
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

/** What a session has used and does, in numbers. */
const figuresSchema = z.object({
  /** Neither read from nor written to the prompt cache. */
  input: z.number(),
  output: z.number(),
  cacheRead: z.number(),
  cacheWrite: z.number(),
  /** All of them. */
  tokens: z.number(),
  /** Tokens a minute over the last minutes. */
  rate: z.number(),
  /** Requests in line now. */
  waiting: z.number(),
  requests: z.number(),
  /** US dollars, absent where no price is known; and as text with what is not known of it. Absent until it is looked up. */
  cost: z.optional(z.object({ usd: z.optional(z.number()), text: z.string(), detail: z.string() })),
});
export type DashboardFigures = z.infer<typeof figuresSchema>;

export const rowSchema = z.object({
  /** A session's id, or the ticket of one who waits for a slot. */
  id: z.string(),
  agent: z.string(),
  activity: z.enum(activities),
  state: z.string(),
  /** Empty when none is known. */
  model: z.string(),
  workspace: z.string(),
  /** When it began, or began to wait. */
  since: z.number(),
  age: z.string(),
  /** Absent for one who waits for a slot. */
  session: z.optional(
    z.object({
      figures: figuresSchema,
      /** Whether it can be paused and weighed: one without quota cannot. */
      steerable: z.boolean(),
      paused: z.boolean(),
      /** The user's word for this session; absent where it has its agent's. */
      weight: z.optional(z.number()),
      /** Whether it runs in a terminal of this window. */
      hasTerminal: z.boolean(),
    }),
  ),
});
export type DashboardRow = z.infer<typeof rowSchema>;

const eventSchema = z.object({
  id: z.string(),
  at: z.number(),
  level: z.enum(['information', 'warning', 'error']),
  text: z.string(),
});
export type DashboardEvent = z.infer<typeof eventSchema>;

/** What is above and below the table; each is sent again whole when it has changed. */
export const partsSchema = z.object({
  /** One line: the plan and where the numbers are from. */
  summary: z.string(),
  notes: z.array(noteSchema),
  gauges: z.array(gaugeSchema),
  /** The newest first. */
  events: z.array(eventSchema),
  /** Whether the numbers are those of now. */
  live: z.boolean(),
});
export type DashboardParts = z.infer<typeof partsSchema>;
