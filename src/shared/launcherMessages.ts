// What the launcher and the engine say to each other over the control socket: one JSON object a line, UTF-8. The launcher
// speaks first, with `hello`; the engine answers `welcome`, and then one `open`, `resume` or `query` follows.
import * as z from 'zod/mini';
import { agentIdPattern, agentIdRule } from './agentName.ts';

export const agentIdSchema = z.string().check(z.regex(agentIdPattern, agentIdRule));

const sessionIdSchema = z.string().check(z.maxLength(100));

const querySchema = z.discriminatedUnion('what', [
  z.object({ type: z.literal('query'), what: z.literal('status') }),
  /** Makes one real call with the user's credentials. */
  z.object({ type: z.literal('query'), what: z.literal('test') }),
  z.object({ type: z.literal('query'), what: z.literal('cleanup') }),
  z.object({
    type: z.literal('query'),
    what: z.literal('release'),
    /** A session's id or the beginning of one, or an agent's name. */
    id: z.string().check(z.minLength(1), z.maxLength(100)),
  }),
]);
export type Query = z.infer<typeof querySchema>;

export const fromLauncherSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    version: z.int(),
    secret: z.string().check(z.maxLength(200)),
    /** The launcher's own: the session lives as long as this process. */
    pid: z.int().check(z.positive()),
  }),
  /** Asks for a session; answered by any number of `waiting`, then one `session` or `refused`. */
  z.object({
    type: z.literal('open'),
    agentId: agentIdSchema,
    /** How long to wait in line: 0 not at all, absent without end. */
    waitSeconds: z.optional(z.number().check(z.minimum(0))),
    /** The session whose agent starts this one. */
    parentSessionId: z.optional(sessionIdSchema),
    /** True for a process that cannot be kept: it is given a session at once, and its requests wait instead. */
    cannotWait: z.optional(z.boolean()),
  }),
  /** After a lost connection: this launcher still runs the agent of this session. Answered by `resumed`. */
  z.object({ type: z.literal('resume'), sessionId: sessionIdSchema }),
  /** How what the agent uses is learned; see `ObservedBy`. Not answered. */
  z.object({ type: z.literal('observed'), sessionId: sessionIdSchema, by: z.enum(['telemetry', 'transcripts']) }),
  /** The agent has ended. Answered by the end of the connection, when the slot is free. */
  z.object({ type: z.literal('end'), sessionId: sessionIdSchema }),
  /** Asks something, or has something done. Answered by one `answer` and the end of the connection. */
  querySchema,
]);
export type FromLauncher = z.infer<typeof fromLauncherSchema>;
