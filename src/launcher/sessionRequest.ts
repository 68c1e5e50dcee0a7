import { setTimeout as sleep } from 'node:timers/promises';
import { withoutQuotaCode } from '../shared/launcherLines.ts';
import type { ToLauncher } from '../shared/engineMessages.ts';
import type { FromLauncher } from '../shared/launcherMessages.ts';
import type { EngineAddress } from './engineAddress.ts';
import { connectEngine, type EngineConnection, EngineUnavailableError } from './engineConnection.ts';

/** A wish for a session. */
export interface SessionRequest {
  readonly engine: EngineAddress;
  /** The launcher's own. */
  readonly pid: number;
  readonly agentId: string;
  readonly waitSeconds?: number;
  /** The session that this one is asked for in. */
  readonly parentSessionId?: string;
  /** The session is to come at once, whatever the limits say; its requests wait instead. */
  readonly cannotWait?: boolean;
  readonly onWaiting: (message: ToLauncher & { type: 'waiting' }) => void;
  /** Who waited in line has lost the engine, which is looked for from now on. */
  readonly onLost: () => void;
  /** The window seems to reload, and is waited for. Left out: it is not. */
  readonly onReload?: () => void;
  /** See `Greeting`. */
  readonly meanwhile?: () => void;
}

type RefusalProblem = (ToLauncher & { type: 'refused' })['problem'];

/** What became of it. */
export type SessionAnswer =
  | {
      readonly kind: 'session';
      readonly session: ToLauncher & { type: 'session' };
      readonly connection: EngineConnection;
    }
  | { readonly kind: 'refused'; readonly problem: RefusalProblem }
  /** There is no engine to ask; `reason` is for people. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** A window takes a few seconds to reload, and on a busy machine some more; trying costs next to nothing. */
const reconnectAfterMs = [100, 400, ...Array<number>(25).fill(1000), ...Array<number>(4).fill(4000)];

/**
 * Asks the engine for a session, waiting in line if need be. If the engine goes away meanwhile, it is looked for again
 * for some time: reloading a window must not start the agents that wait, all at once and without quota. Who was told to
 * wait is therefore never answered with `unavailable`, nor with a session that is unauthenticated, unless that is what
 * the user has chosen meanwhile.
 * @param patience delays between attempts to find an engine that has gone, in milliseconds.
 */
export async function requestSession(
  request: SessionRequest,
  patience: readonly number[] = reconnectAfterMs,
): Promise<SessionAnswer> {
  const startedAt = performance.now();
  const waitedSeconds = (): number => (performance.now() - startedAt) / 1000;
  const connect = ({
    meanwhile,
    onReload,
  }: Pick<SessionRequest, 'meanwhile' | 'onReload'>): Promise<EngineConnection> => {
    const forMs = 1000 * ((request.waitSeconds ?? Infinity) - waitedSeconds());
    return connectEngine(request.engine, {
      pid: request.pid,
      wish: () => wishOf(request, waitedSeconds()),
      meanwhile,
      reload: onReload && { forMs, begun: onReload },
    });
  };
  let connection: EngineConnection;
  try {
    connection = await connect(request);
  } catch (error) {
    return unavailable(error);
  }
  const search: Search = { toldToWait: false, delays: [...patience] };
  const onWaiting: SessionRequest['onWaiting'] = (message) => {
    search.toldToWait = true;
    search.delays = [...patience];
    request.onWaiting(message);
  };
  for (;;) {
    const answer = await answerOf(connection, onWaiting).catch(unavailable);
    if (isFinal(answer, search.toldToWait)) return answer;
    connection.closeSoon();
    if (search.toldToWait) request.onLost();
    // Of its own window too, before any other; that this is looked for has been said.
    const again = request.onReload && { onReload: () => undefined };
    const found = await findAgain(() => connect(again ?? {}), search, answer);
    if ('kind' in found) return found;
    connection = found;
  }
}

/** How an engine that has gone is looked for. */
interface Search {
  toldToWait: boolean;
  /** Milliseconds before each attempt that is left. */
  delays: number[];
}

/** @returns a connection, or what the request is answered with when there is none to be had. */
async function findAgain(
  connect: () => Promise<EngineConnection>,
  search: Search,
  last: SessionAnswer | undefined,
): Promise<EngineConnection | SessionAnswer> {
  let failure = notStarted(last);
  for (let delay = search.delays.shift(); delay !== undefined; delay = search.delays.shift()) {
    await sleep(delay);
    try {
      return await connect();
    } catch (error) {
      const unanswered = error instanceof EngineUnavailableError && error.unanswered;
      if (!search.toldToWait && !unanswered) return unavailable(error);
      failure = notStarted(unavailable(error));
    }
  }
  return search.toldToWait ? failure : closedWindow;
}

const closedWindow: SessionAnswer = {
  kind: 'unavailable',
  reason: 'the window that this terminal belongs to has closed',
};

/** Whether an answer ends the request; for who was told to wait there is more than one that does not. */
function isFinal(answer: SessionAnswer | undefined, toldToWait: boolean): answer is SessionAnswer {
  if (answer === undefined) return false;
  if (!toldToWait || answer.kind === 'refused') return true;
  if (answer.kind === 'unavailable') return false;
  if (answer.session.authenticated || answer.session.problem?.code === withoutQuotaCode) return true;
  // An engine that has just started may not know the credentials yet. The session is given back.
  answer.connection.send({ type: 'end', sessionId: answer.session.sessionId });
  return false;
}

/** Why an agent that waited is not started in the end. */
function notStarted(last: SessionAnswer | undefined): SessionAnswer & { kind: 'refused' } {
  if (last?.kind === 'session' && last.session.problem !== undefined) {
    const { problem } = last.session;
    return { kind: 'refused', problem: { ...problem, message: `The agent was not started. ${problem.message}` } };
  }
  const reason = last?.kind === 'unavailable' ? last.reason : 'the engine closed the connection';
  return {
    kind: 'refused',
    problem: {
      code: 'engine-lost',
      severity: 'error',
      message: `The agent was not started, because its place in line is lost: ${reason}.`,
      nextStep: 'Start it again in a new terminal of an open VS Code window.',
    },
  };
}

function wishOf(
  { agentId, waitSeconds, parentSessionId, cannotWait }: SessionRequest,
  waitedSeconds: number,
): FromLauncher {
  return {
    type: 'open',
    agentId,
    ...(waitSeconds !== undefined && { waitSeconds: Math.max(0, waitSeconds - waitedSeconds) }),
    ...(parentSessionId !== undefined && { parentSessionId }),
    ...(cannotWait !== undefined && { cannotWait }),
  };
}

/** @returns undefined when the connection was lost before there was an answer. */
async function answerOf(
  connection: EngineConnection,
  onWaiting: SessionRequest['onWaiting'],
): Promise<SessionAnswer | undefined> {
  for (;;) {
    const message = await connection.next();
    switch (message?.type) {
      case undefined:
        return undefined;
      case 'waiting':
        onWaiting(message);
        break;
      case 'session':
        return { kind: 'session', session: message, connection };
      case 'refused':
        connection.close();
        return { kind: 'refused', problem: message.problem };
      case 'error':
      case 'welcome':
      case 'resumed':
      case 'answer':
        connection.close();
        return {
          kind: 'unavailable',
          reason: message.type === 'error' ? message.message : `unexpected ${message.type}`,
        };
    }
  }
}

function unavailable(error: unknown): SessionAnswer & { kind: 'unavailable' } {
  return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
}
