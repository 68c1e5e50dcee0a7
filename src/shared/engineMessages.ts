// The mini flavour: the launcher starts with every agent, and it loads in 3 ms where zod itself takes 24.
import * as z from 'zod/mini';
import type { FromLauncher } from './launcherMessages.ts';

export const problemSchema = z.object({
  code: z.string(),
  severity: z.enum(['warning', 'error']),
  message: z.string(),
  nextStep: z.string(),
});

/** What the engine says to a launcher; see `launcherMessages.ts`, which the launcher itself does not load. */
export const toLauncherSchema = z.discriminatedUnion('type', [
  /** `hello` was right. */
  z.object({ type: z.literal('welcome'), version: z.int() }),
  z.object({
    type: z.literal('waiting'),
    /** 1 is next. */
    place: z.int().check(z.minimum(1)),
    /** Agent ids of the sessions that hold the slots. */
    running: z.array(z.string()),
  }),
  z.object({
    type: z.literal('session'),
    sessionId: z.string(),
    authenticated: z.boolean(),
    overlay: z.record(z.string(), z.nullable(z.string())),
    /** Where the agent of an observed session reports, without a slash at its end; a secret. */
    observer: z.optional(z.object({ url: z.string().check(z.regex(/^http:\/\/127\.0\.0\.1:\d+\/[^/]+$/)) })),
    /** Why the session is unauthenticated, or what the user should know. */
    problem: z.optional(problemSchema),
  }),
  z.object({ type: z.literal('refused'), problem: problemSchema }),
  z.object({
    type: z.literal('resumed'),
    sessionId: z.string(),
    /** False: the session has ended meanwhile, and there is nothing more to say. */
    live: z.boolean(),
    /** Where agents of observed sessions report now: the engine may be another, at another port. */
    observerPort: z.optional(z.int()),
  }),
  /** A `QueryAnswer` of launcherAnswers.ts; the only message that may be longer than `longestLine`. */
  z.object({ type: z.literal('answer'), answer: z.unknown() }),
  /** The message before could not be served; the connection is closed. The text is for people. */
  z.object({ type: z.literal('error'), message: z.string() }),
]);
export type ToLauncher = z.infer<typeof toLauncherSchema>;

/**
 * Reads one line as a message.
 * @returns undefined for what is not JSON, or not of the schema.
 */
export function readMessageLine<Message extends FromLauncher | ToLauncher>(
  schema: z.ZodMiniType<Message>,
  line: string,
): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = z.safeParse(schema, value);
  return parsed.success ? parsed.data : undefined;
}
