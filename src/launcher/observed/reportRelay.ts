import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod/mini';
import type { EngineReports } from './engineReports.ts';

/** The longest report that is read, in bytes: `PreToolUse` carries a tool's whole input. */
const mostReportBytes = 64 * 1024 * 1024;
/** How long the engine may take for what it has nothing to wait for, in milliseconds. */
const promptMs = 2000;
/** An engine that answers nothing for so long is stuck, and its agent is let go, in milliseconds. */
const stuckMs = 10_000;
/** How long it takes until a wait is spoken of, and how often it is looked at from then on, in milliseconds. */
const lookMs = { first: 1000, next: 5000 } as const;

/** Whom a report may hold. */
const holdingEvents: ReadonlySet<string> = new Set(['UserPromptSubmit', 'PreToolUse']);

/** What of a report is passed on: no prompt, no tool's input and no text of the model. */
const passedOn = z.object({
  session_id: z.optional(z.unknown()),
  transcript_path: z.optional(z.unknown()),
  hook_event_name: z.optional(z.unknown()),
  agent_id: z.optional(z.unknown()),
  rate_limits: z.optional(z.unknown()),
});
const stateSchema = z.object({ text: z.string() });
const stopSchema = z.object({ stopReason: z.string() });

/** What a relay tells while it runs. */
export interface RelayOptions {
  readonly reports: EngineReports;
  /** The agent waits; `text` says what for. */
  readonly onWaiting: (text: string) => void;
  /** It waits no longer. */
  readonly onWaited: () => void;
  /** A running turn was stopped, and why. */
  readonly onStopped: (reason: string) => void;
}

/** Takes in what the agent's hooks and status line say, as long as the agent runs. */
export interface ReportRelay {
  /** Without a slash at its end. */
  readonly url: string;
  /** What a report has to show: whoever else is on this machine may not speak for the agent. */
  readonly key: string;
  close(): void;
}

/**
 * Starts the relay between an agent and the engine. Claude Code tells its user of every hook that is not answered, and an
 * engine ends with its window: this server ends after the agent does, and answers for an engine that is not there.
 * @throws the listening error when no port can be had.
 */
export async function startReportRelay(options: RelayOptions): Promise<ReportRelay> {
  const key = randomBytes(24).toString('base64url');
  const expected = digest(`Bearer ${key}`);
  const server = createServer((request, response) => {
    const isKnown = timingSafeEqual(digest(request.headers.authorization ?? ''), expected);
    if (!isKnown || request.method !== 'POST') {
      response.writeHead(404, { connection: 'close' }).end();
      return;
    }
    void answer(request, response, options);
  });
  // Held reports send nothing for long.
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The relay has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    key,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Whatever goes wrong, the agent is told to go on. Never rejects. */
async function answer(request: IncomingMessage, response: ServerResponse, options: RelayOptions): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    gone.abort();
  });
  let answered: string | undefined;
  try {
    const where = /^\/(?:status-line|hooks\/([A-Za-z]{1,64}))$/.exec(request.url ?? '');
    const report = await readReport(request);
    if (where !== null && report !== undefined) {
      const [path, event = ''] = where;
      answered = holdingEvents.has(event)
        ? await hold(path, report, gone.signal, options)
        : await options.reports.send(path, report, within(promptMs, gone.signal));
    }
  } catch {
    // An agent that is gone needs no answer.
  }
  // A connection that is kept may be closed just when the next report comes, which its user would be told.
  const headers = { connection: 'close', 'content-type': 'application/json' };
  if (answered === undefined) response.writeHead(204, { connection: 'close' }).end();
  else response.writeHead(200, headers).end(answered);
}

/** Asks the engine, and lets the agent go when the engine no longer answers anything. */
async function hold(
  path: string,
  report: object,
  gone: AbortSignal,
  options: RelayOptions,
): Promise<string | undefined> {
  const { reports, onWaiting, onWaited, onStopped } = options;
  const stuck = new AbortController();
  const over = new AbortController();
  const ended = AbortSignal.any([gone, over.signal]);
  const told = { waiting: false };
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const state = await reports.send('/status-line', {}, within(stuckMs, ended));
    if (ended.aborted) return;
    const said = z.safeParse(stateSchema, parsed(state ?? ''));
    if (!said.success) {
      stuck.abort();
      return;
    }
    told.waiting = true;
    onWaiting(said.data.text);
    lookAfter(lookMs.next);
  };
  const lookAfter = (milliseconds: number): void => {
    timer = setTimeout(() => void look(), milliseconds);
  };
  lookAfter(lookMs.first);
  try {
    const answered = await reports.send(path, report, AbortSignal.any([gone, stuck.signal]));
    const stop = z.safeParse(stopSchema, parsed(answered ?? ''));
    if (told.waiting) onWaited();
    if (stop.success) onStopped(stop.data.stopReason);
    return answered;
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

function within(milliseconds: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
}

async function readReport(request: IncomingMessage): Promise<object | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostReportBytes) return undefined;
    chunks.push(chunk);
  }
  const report = z.safeParse(passedOn, parsed(Buffer.concat(chunks).toString('utf8')));
  return report.success ? report.data : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
