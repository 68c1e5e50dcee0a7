import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Logger } from '../core/logger.ts';
import type { ProcessTable } from '../core/processTable.ts';
import type { AgentAuth, LinePlace } from '../core/quotaEngine.ts';
import type { ProcessIdentity } from '../core/session.ts';
import { createLineSplitter, launcherProtocolVersion, longestLine, messageLine } from '../shared/launcherLines.ts';
import { readMessageLine, type ToLauncher } from '../shared/engineMessages.ts';
import { type FromLauncher, fromLauncherSchema, type Query } from '../shared/launcherMessages.ts';
import { longestAnswer, type QueryAnswer } from '../shared/launcherAnswers.ts';
import type { ControlQueries } from './controlQueries.ts';
import type { ControlSessions } from './controlSessions.ts';
import { answerQuery } from './queryAnswer.ts';

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly secret: string;
  readonly sessions: ControlSessions;
  /** Undefined while the window has not told its engine the settings. */
  readonly queries: () => ControlQueries | undefined;
  readonly processTable: ProcessTable;
  readonly logger: Logger;
  /** How long a client may take until it has said `hello`. */
  readonly helloWithinMs: number;
}

type State =
  /** Has not shown the secret. */
  | { readonly kind: 'stranger'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'welcome'; readonly process: ProcessIdentity }
  | { readonly kind: 'waiting'; readonly ticket: string; readonly process: ProcessIdentity }
  | { readonly kind: 'resuming' }
  | { readonly kind: 'answering' }
  /** The agent runs. */
  | { readonly kind: 'holding'; readonly sessionId: string }
  /** Nothing that comes is read any more. */
  | { readonly kind: 'over' };

/** How long a client may take to read the last that was written to it. */
const farewellMs = 2000;

/** One client of the control socket. Whatever it does ends at worst this connection. */
export class LauncherConnection {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  #state: State;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    const timer = setTimeout(() => {
      this.#fail('hello did not come in time');
    }, context.helloWithinMs);
    this.#state = { kind: 'stranger', timer };
    socket.setEncoding('utf8');
    socket.on(
      'data',
      createLineSplitter((line) => {
        this.#receive(line);
      }),
    );
    socket.on('error', (error) => {
      context.logger.debug(`A control connection broke: ${error.message}`);
    });
    socket.on('close', () => {
      this.#gone();
    });
  }

  /** Tells the launcher its place, if it is the one that waits for it. */
  lineMoved(place: LinePlace, running: readonly string[]): void {
    if (this.#state.kind !== 'waiting' || this.#state.ticket !== place.ticket) return;
    this.#send({ type: 'waiting', place: place.place, running: [...running] });
  }

  /** The engine goes: leaves the line, but ends no session, for the launcher will look for the next engine. */
  close(): void {
    const state = this.#leave();
    this.#socket.destroy();
    if (state.kind === 'waiting') this.#inBackground(this.#context.sessions.giveUp(state.ticket));
  }

  #receive(line: string | undefined): void {
    if (this.#state.kind === 'over') return;
    const message = line === undefined ? undefined : readMessageLine(fromLauncherSchema, line);
    if (message === undefined) this.#fail('that is no message of a launcher');
    else if (this.#state.kind === 'stranger') this.#greet(message);
    else this.#inBackground(this.#serve(message, this.#state));
  }

  #greet(message: FromLauncher): void {
    if (message.type !== 'hello') {
      this.#fail('hello comes first');
    } else if (!isSame(message.secret, this.#context.secret)) {
      this.#fail('this terminal was opened for another engine');
    } else if (message.version !== launcherProtocolVersion) {
      this.#fail('this terminal is of another version of Agent Quota');
    } else {
      this.#leave();
      this.#state = { kind: 'welcome', process: this.#context.processTable.identify(message.pid) };
      this.#send({ type: 'welcome', version: launcherProtocolVersion });
    }
  }

  async #serve(message: FromLauncher, state: State): Promise<void> {
    if (message.type === 'open' && state.kind === 'welcome') {
      await this.#open(message, state.process);
    } else if (message.type === 'resume' && state.kind === 'welcome') {
      await this.#resume(message.sessionId, state.process);
    } else if (message.type === 'observed' && state.kind === 'holding' && state.sessionId === message.sessionId) {
      await this.#context.sessions.observed(state.sessionId, message.by);
    } else if (message.type === 'end' && state.kind === 'holding' && state.sessionId === message.sessionId) {
      this.#leave();
      await this.#context.sessions.release(state.sessionId).finally(() => {
        this.#sayFarewell();
      });
    } else if (message.type === 'query' && state.kind === 'welcome') {
      await this.#answer(message);
    } else {
      this.#fail(`${message.type} does not come now`);
    }
  }

  async #open(message: FromLauncher & { type: 'open' }, process: ProcessIdentity): Promise<void> {
    const { sessions } = this.#context;
    const { agentId, waitSeconds, parentSessionId, cannotWait } = message;
    const ticket = randomUUID();
    this.#state = { kind: 'waiting', ticket, process };
    const wait = waitSeconds === undefined ? {} : { waitMs: waitSeconds * 1000 };
    const parent = parentSessionId === undefined ? {} : { parentSessionId };
    const slot = cannotWait === true ? { idleWithoutSlot: true } : {};
    const auth = await sessions.open({ ticket, agentId, process, ...wait, ...parent, ...slot });
    if (!this.#isWaiting()) {
      // The launcher went while its session was made, so no agent will ever run in it.
      if (auth.kind !== 'refused') await sessions.release(auth.sessionId);
    } else if (auth.kind === 'refused') {
      this.#leave();
      this.#send({ type: 'refused', problem: auth.reason });
      this.#sayFarewell();
    } else {
      this.#state = { kind: 'holding', sessionId: auth.sessionId };
      this.#send(sessionMessage(auth));
    }
  }

  async #resume(sessionId: string, process: ProcessIdentity): Promise<void> {
    this.#state = { kind: 'resuming' };
    const live = await this.#context.sessions.resume(sessionId, process);
    if (live === 'elsewhere') {
      // Without an answer: its launcher looks on, and finds its own window when that is back.
      this.#state = { kind: 'over' };
      this.#sayFarewell();
      return;
    }
    if (!this.#isResuming()) {
      // Gone again before the answer: a lost connection like any other.
      if (live) await this.#context.sessions.connectionLost(sessionId);
      return;
    }
    this.#state = live ? { kind: 'holding', sessionId } : { kind: 'over' };
    const { observerPort } = this.#context.sessions;
    this.#send({ type: 'resumed', sessionId, live, ...(observerPort !== undefined && { observerPort }) });
    if (!live) this.#sayFarewell();
  }

  async #answer(query: Query): Promise<void> {
    const queries = this.#context.queries();
    if (queries === undefined) {
      this.#fail('the engine has just started and does not know the settings yet; try again in a moment');
      return;
    }
    this.#state = { kind: 'answering' };
    const answer: QueryAnswer = await answerQuery(queries, query);
    if (!this.#isAnswering()) return;
    const line = messageLine({ type: 'answer', answer });
    if (line.length > longestAnswer) {
      this.#fail('there is more to tell than fits an answer');
      return;
    }
    this.#leave();
    this.#socket.write(line);
    this.#sayFarewell();
  }

  // Asked after an await, when the state may be another than the one that the compiler still assumes.
  #isWaiting(): boolean {
    return this.#state.kind === 'waiting';
  }
  #isResuming(): boolean {
    return this.#state.kind === 'resuming';
  }
  #isAnswering(): boolean {
    return this.#state.kind === 'answering';
  }

  #gone(): void {
    const state = this.#leave();
    const { sessions } = this.#context;
    if (state.kind === 'waiting') this.#inBackground(sessions.giveUp(state.ticket));
    if (state.kind === 'holding') this.#inBackground(sessions.connectionLost(state.sessionId));
  }

  /** Ends the connection for a reason that the client is told. */
  #fail(message: string): void {
    this.#context.logger.debug(`A control connection is closed: ${message}`);
    this.#send({ type: 'error', message });
    this.#sayFarewell();
    this.#gone();
  }

  #send(message: ToLauncher): void {
    // A client that reads nothing may not fill this side's memory.
    if (this.#socket.writableLength > longestLine) this.#socket.destroy();
    else if (this.#socket.writable) this.#socket.write(messageLine(message));
  }

  #sayFarewell(): void {
    this.#socket.setTimeout(farewellMs, () => this.#socket.destroy());
    this.#socket.destroySoon();
  }

  /** @returns the state that was left. */
  #leave(): State {
    const state = this.#state;
    if (state.kind === 'stranger') clearTimeout(state.timer);
    this.#state = { kind: 'over' };
    return state;
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#context.logger.error('A request of a launcher failed.', error);
      if (this.#state.kind !== 'over') this.#fail('the engine failed; the log of Agent Quota says why');
    });
  }
}

function sessionMessage(auth: Exclude<AgentAuth, { kind: 'refused' }>): ToLauncher {
  const authenticated = auth.kind === 'authenticated';
  const problem = auth.kind === 'authenticated' ? auth.warning : auth.reason;
  const { sessionId, overlay } = auth;
  return {
    type: 'session',
    sessionId,
    authenticated,
    overlay,
    ...(auth.kind === 'authenticated' && auth.observer !== undefined && { observer: auth.observer }),
    ...(problem !== undefined && { problem }),
  };
}

/** Compares in a time that tells nothing of either, their lengths included. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
