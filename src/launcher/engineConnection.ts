import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLineSplitter, launcherProtocolVersion, messageLine } from '../shared/launcherLines.ts';
import type { ToLauncher } from '../shared/engineMessages.ts';
import type { FromLauncher } from '../shared/launcherMessages.ts';
import { type EngineAddress, engineSockets, mayReload, readEngineSecret } from './engineAddress.ts';
import { mayBeForeign } from './socketOwner.ts';

/** Why there is no talking to the engine; the message is for people and ends without a full stop. */
export class EngineUnavailableError extends Error {
  override readonly name = 'EngineUnavailableError';
  /** Whether nobody answered, which may change; otherwise the engine said no. */
  readonly unanswered: boolean;

  constructor(message: string, unanswered: boolean) {
    super(message);
    this.unanswered = unanswered;
  }
}

/** A connection on which `hello` was answered with `welcome`; what was wished is answered by what comes next. */
export interface EngineConnection {
  send(message: FromLauncher): void;
  /**
   * The next message; undefined when the connection is closed.
   * @throws EngineUnavailableError when what comes is no message.
   */
  next(): Promise<ToLauncher | undefined>;
  readonly closed: Promise<void>;
  /** Lets the process end although the connection is open. */
  unref(): void;
  close(): void;
  /** Closes when what was sent has gone out. */
  closeSoon(): void;
}

/** An engine that is there answers `hello` in a millisecond or two; one that is stuck must not keep the agent. */
const welcomeWithinMs = 3000;

/** How often the engine of a window that reloads is looked for, in milliseconds. */
const reloadLookMs = 200;

/** What is said to an engine when it is found. */
export interface Greeting {
  /** Whom sessions live as long as. */
  readonly pid: number;
  /** Said when the engine is found to be the right one; asked for then, as finding it may take a while. */
  readonly wish: () => FromLauncher;
  /** Of the lines that the engine may send, in UTF-16 code units. */
  readonly longest?: number | undefined;
  /** Done when it is said, while the engine does its part. */
  readonly meanwhile?: (() => void) | undefined;
  /** Left out: where the preferred engine has closed just now, others are asked at once. */
  readonly reload?: ReloadPatience | undefined;
}

/** How long an engine is waited for that has closed just now, as its window may only reload, before any other is asked. */
export interface ReloadPatience {
  /** Milliseconds; ten seconds after it has closed nobody waits for it. */
  readonly forMs: number;
  /** Told when the wait begins. */
  readonly begun: () => void;
}

/**
 * Connects to an engine and greets it: the preferred one, or else any other that is there.
 * @throws EngineUnavailableError of the one that was asked first, or of the preferred one as it came back.
 */
export async function connectEngine(address: EngineAddress, greeting: Greeting): Promise<EngineConnection> {
  const secret = secretOf(address);
  let first: EngineUnavailableError | undefined;
  for await (const socket of engineSockets(address)) {
    try {
      return await connectSocket(socket, secret, greeting);
    } catch (error) {
      if (!(error instanceof EngineUnavailableError)) throw error;
      first ??= error;
    }
    if (socket !== address.socket || !first.unanswered) continue;
    const back = await afterReload(socket, address, secret, greeting);
    if (back instanceof EngineUnavailableError) first = back;
    else if (back !== undefined) return back;
  }
  throw first ?? new EngineUnavailableError('no window with Agent Quota is open', true);
}

/** @returns undefined when the preferred engine has not closed just now, or does not come back in time; why it says no. */
async function afterReload(
  socket: string,
  address: EngineAddress,
  secret: string,
  greeting: Greeting,
): Promise<EngineConnection | EngineUnavailableError | undefined> {
  const { reload } = greeting;
  if (reload === undefined || reload.forMs <= 0 || !(await mayReload(address))) return undefined;
  reload.begun();
  const until = performance.now() + reload.forMs;
  for (let waits = true; waits;) {
    await sleep(reloadLookMs);
    // Looked at before it is asked: one that has come back is asked once more.
    waits = performance.now() < until && (await mayReload(address));
    try {
      return await connectSocket(socket, secret, greeting);
    } catch (error) {
      if (!(error instanceof EngineUnavailableError)) throw error;
      if (!error.unanswered) return error;
    }
  }
  return undefined;
}

function secretOf(address: EngineAddress): string {
  try {
    return readEngineSecret(address);
  } catch (error) {
    throw new EngineUnavailableError(error instanceof Error ? error.message : String(error), false);
  }
}

/**
 * Connects to one engine and greets it.
 * @throws EngineUnavailableError
 */
export async function connectSocket(
  path: string,
  secret: string,
  { pid, wish, longest, meanwhile }: Greeting,
): Promise<EngineConnection> {
  if (mayBeForeign(path, process.platform)) {
    throw new EngineUnavailableError('others may reach into the folder of its socket', true);
  }
  const socket = connect(path);
  const inbox: (string | undefined)[] = [];
  let wake: (() => void) | undefined;
  let failure: NodeJS.ErrnoException | undefined;
  let isClosed = false;
  socket.setEncoding('utf8');
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on(
    'data',
    createLineSplitter((line) => {
      inbox.push(line);
      wake?.();
    }, longest),
  );
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true;
      resolve();
      wake?.();
    });
  });
  const connection: EngineConnection = {
    closed,
    send(message) {
      if (socket.writable) socket.write(messageLine(message));
    },
    async next() {
      while (inbox.length === 0) {
        if (isClosed) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const line = inbox.shift();
      // Loaded while the engine does its part, or it would take as long as all the rest.
      const { readMessageLine, toLauncherSchema } = await import('../shared/engineMessages.ts');
      const message = line === undefined ? undefined : readMessageLine(toLauncherSchema, line);
      if (message !== undefined) return message;
      throw new EngineUnavailableError('the engine says what this version does not understand', false);
    },
    unref() {
      socket.unref();
    },
    close() {
      socket.destroy();
    },
    closeSoon() {
      socket.destroySoon();
    },
  };
  const slow = setTimeout(() => {
    // This process may have been busy itself: what has come meanwhile is heard first.
    setImmediate(() => {
      if (inbox.length > 0 || isGreeted) return;
      failure = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
      socket.destroy();
    });
  }, welcomeWithinMs);
  let isGreeted = false;
  try {
    connection.send({ type: 'hello', version: launcherProtocolVersion, secret, pid });
    await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', resolve));
    void import('../shared/engineMessages.ts');
    const answer = await connection.next();
    if (answer?.type === 'welcome') {
      isGreeted = true;
      // Not before: an engine that wakes up too late would open a session that nobody runs in.
      connection.send(wish());
      meanwhile?.();
      return connection;
    }
    if (answer === undefined) throw new EngineUnavailableError(reasonOf(failure), true);
    throw new EngineUnavailableError(answer.type === 'error' ? answer.message : `unexpected ${answer.type}`, false);
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    clearTimeout(slow);
  }
}

function reasonOf(failure: NodeJS.ErrnoException | undefined): string {
  switch (failure?.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return 'the window that this terminal belongs to is not running';
    case 'ETIMEDOUT':
      return 'the engine does not answer';
    case undefined:
      return 'the engine closed the connection';
    default:
      return `the engine cannot be reached (${failure?.code ?? ''})`;
  }
}
