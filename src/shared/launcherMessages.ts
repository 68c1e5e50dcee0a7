// The mini flavour: the launcher starts with every agent, and it loads in 3 ms where zod itself takes 24.
import * as z from 'zod/mini';

/**
 * What the launcher and the engine say to each other over the control socket: one JSON object a line, UTF-8. The
 * launcher speaks first, with `hello`; the engine answers `welcome`, and then one `open` or one `resume` follows.
 */
export const launcherProtocolVersion = 1;

/** Environment variables that the launcher is given; none of them reaches the agent. */
export const launcherVariables = {
  /** Path of the engine's socket or named pipe. */
  socket: 'AGENT_QUOTA_SOCKET',
  /** The secret that the socket asks for. */
  secret: 'AGENT_QUOTA_SOCKET_SECRET',
} as const;

/** The longest line that either side accepts, in UTF-16 code units. */
export const longestLine = 64 * 1024;

export const agentIdSchema = z
  .string()
  .check(z.regex(/^[A-Za-z0-9._:@/-]{1,64}$/, 'An agent name has 1 to 64 letters, digits or . _ : @ / -'));

const sessionIdSchema = z.string().check(z.maxLength(100));

const problemSchema = z.object({
  code: z.string(),
  severity: z.enum(['warning', 'error']),
  message: z.string(),
  nextStep: z.string(),
});

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
  }),
  /** After a lost connection: this launcher still runs the agent of this session. Answered by `resumed`. */
  z.object({ type: z.literal('resume'), sessionId: sessionIdSchema }),
  /** The agent has ended. Answered by the end of the connection, when the slot is free. */
  z.object({ type: z.literal('end'), sessionId: sessionIdSchema }),
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
    /** Why the session is unauthenticated, or what the user should know. */
    problem: z.optional(problemSchema),
  }),
  z.object({ type: z.literal('refused'), problem: problemSchema }),
  z.object({
    type: z.literal('resumed'),
    sessionId: z.string(),
    /** False: the session has ended meanwhile, and there is nothing more to say. */
    live: z.boolean(),
  }),
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
 * @returns undefined for what is not JSON, not of the schema, or longer than {@link longestLine}.
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
 * @param onLine is given each line without its end, or `undefined` once when a line is longer than
 *   {@link longestLine}; all that comes after is dropped, so a peer cannot make this side hold more than that.
 * @returns takes in the next piece of the stream.
 */
export function createLineSplitter(onLine: (line: string | undefined) => void): (chunk: string) => void {
  let rest = '';
  let overflowed = false;
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of [...lines, ...(rest.length > longestLine ? [rest] : [])]) {
      if (overflowed) return;
      overflowed = line.length > longestLine;
      onLine(overflowed ? undefined : line);
    }
    if (overflowed) rest = '';
  };
}
