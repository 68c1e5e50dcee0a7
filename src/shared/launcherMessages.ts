// The mini flavour: the launcher starts with every agent, and it loads in 3 ms where zod itself takes 24.
import * as z from 'zod/mini';

/**
 * What the launcher and the engine say to each other over the control socket: one JSON object a line, UTF-8. The
 * launcher speaks first, with `hello`; the engine answers `welcome`, and then one `open`, `resume` or `query` follows.
 */
export const launcherProtocolVersion = 1;

/** The longest line that either side accepts unless it waits for an answer, in UTF-16 code units. */
export const longestLine = 64 * 1024;

export const agentIdSchema = z
  .string()
  .check(z.regex(/^[A-Za-z0-9._:@/-]{1,64}$/, 'An agent name has 1 to 64 letters, digits or . _ : @ / -'));

const sessionIdSchema = z.string().check(z.maxLength(100));

export const problemSchema = z.object({
  code: z.string(),
  severity: z.enum(['warning', 'error']),
  message: z.string(),
  nextStep: z.string(),
});

/** Code of the problem of a session that is unauthenticated because its user would not wait for a slot. */
export const withoutQuotaCode = 'without-quota';

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
  /** A `QueryAnswer` of launcherAnswers.ts; the only message that may be longer than {@link longestLine}. */
  z.object({ type: z.literal('answer'), answer: z.unknown() }),
  /** The message before could not be served; the connection is closed. The text is for people. */
  z.object({ type: z.literal('error'), message: z.string() }),
]);
export type ToLauncher = z.infer<typeof toLauncherSchema>;

/** A message as it goes over the wire. */
export function messageLine(message: FromLauncher | ToLauncher): string {
  return `${JSON.stringify(message)}\n`;
}

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

/**
 * Cuts a stream of text into lines.
 * @param onLine is given each line without its end, or `undefined` once when a line is longer than `longest`; all that
 *   comes after is dropped, so a peer cannot make this side hold more than that.
 * @param longest in UTF-16 code units.
 * @returns takes in the next piece of the stream.
 */
export function createLineSplitter(
  onLine: (line: string | undefined) => void,
  longest: number = longestLine,
): (chunk: string) => void {
  let rest = '';
  let overflowed = false;
  return (chunk) => {
    // Only what is new is searched: a long line comes in hundreds of chunks.
    const [first = '', ...others] = chunk.split('\n');
    const lines = [rest + first, ...others];
    rest = lines.pop() ?? '';
    for (const line of [...lines, ...(rest.length > longest ? [rest] : [])]) {
      if (overflowed) return;
      overflowed = line.length > longest;
      onLine(overflowed ? undefined : line);
    }
    if (overflowed) rest = '';
  };
}
