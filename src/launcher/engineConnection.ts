import { connect } from 'node:net';
import {
  createLineSplitter,
  type FromLauncher,
  launcherProtocolVersion,
  messageLine,
  readMessageLine,
  type ToLauncher,
  toLauncherSchema,
} from '../shared/launcherMessages.ts';
import { type EngineAddress, engineSockets, readEngineSecret } from './engineAddress.ts';
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

/** A connection on which `hello` was answered with `welcome`. */
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

/**
 * Connects to an engine and says hello: to the preferred one, or else to any other that is there.
 * @param longest of the lines that the engine may send, in UTF-16 code units.
 * @throws EngineUnavailableError of the one that was asked first.
 */
export async function connectEngine(address: EngineAddress, pid: number, longest?: number): Promise<EngineConnection> {
  const secret = await readEngineSecret(address).catch((error: unknown) => {
    throw new EngineUnavailableError(error instanceof Error ? error.message : String(error), false);
  });
  let first: EngineUnavailableError | undefined;
  for (const socket of await engineSockets(address)) {
    try {
      return await connectSocket(socket, secret, pid, longest);
    } catch (error) {
      if (!(error instanceof EngineUnavailableError)) throw error;
      first ??= error;
    }
  }
  throw first ?? new EngineUnavailableError('no window with Agent Quota is open', true);
}

/**
 * Connects to one engine and says hello.
 * @throws EngineUnavailableError
 */
export async function connectSocket(
  path: string,
  secret: string,
  pid: number,
  longest?: number,
): Promise<EngineConnection> {
  if (await mayBeForeign(path, process.platform)) {
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
    failure = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
    socket.destroy();
  }, welcomeWithinMs);
  try {
    connection.send({ type: 'hello', version: launcherProtocolVersion, secret, pid });
    const answer = await connection.next();
    if (answer?.type === 'welcome') return connection;
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
