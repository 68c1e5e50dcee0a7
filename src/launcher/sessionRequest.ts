import { setTimeout as sleep } from 'node:timers/promises';
import { type ToLauncher } from '../shared/launcherMessages.ts';
import {
  connectEngine,
  type EngineAddress,
  type EngineConnection,
  EngineUnavailableError,
} from './engineConnection.ts';

/** A wish for a session. */
export interface SessionRequest {
  readonly engine: EngineAddress;
  /** The launcher's own. */
  readonly pid: number;
  readonly agentId: string;
  readonly waitSeconds?: number;
  readonly onWaiting: (message: ToLauncher & { type: 'waiting' }) => void;
}

/** What became of it. */
export type SessionAnswer =
  | {
      readonly kind: 'session';
      readonly session: ToLauncher & { type: 'session' };
      readonly connection: EngineConnection;
    }
  | { readonly kind: 'refused'; readonly problem: (ToLauncher & { type: 'refused' })['problem'] }
  /** There is no engine to ask; `reason` is for people. */
  | { readonly kind: 'unavailable'; readonly reason: string };

/** A window takes a few seconds to reload. */
const reconnectAfterMs = [100, 400, 1000, 2000, 4000, 4000];

/**
 * Asks the engine for a session, waiting in line if need be. If the engine goes away meanwhile, it is looked for again
 * for some seconds: reloading a window must not start the agents that wait, all at once and without quota.
 */
export async function requestSession(request: SessionRequest): Promise<SessionAnswer> {
  const startedAt = performance.now();
  let connection: EngineConnection;
  try {
    connection = await connectEngine(request.engine, request.pid);
  } catch (error) {
    return unavailable(error);
  }
  for (const delay of [0, ...reconnectAfterMs]) {
    try {
      if (delay > 0) {
        await sleep(delay);
        connection = await connectEngine(request.engine, request.pid);
      }
      const answer = await ask(connection, request, (performance.now() - startedAt) / 1000);
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!(error instanceof EngineUnavailableError && error.unanswered)) return unavailable(error);
    }
  }
  return { kind: 'unavailable', reason: 'the window that this terminal belongs to has closed' };
}

/** @returns undefined when the connection was lost before there was an answer. */
async function ask(
  connection: EngineConnection,
  { agentId, waitSeconds, onWaiting }: SessionRequest,
  waitedSeconds: number,
): Promise<SessionAnswer | undefined> {
  const wait = waitSeconds === undefined ? {} : { waitSeconds: Math.max(0, waitSeconds - waitedSeconds) };
  connection.send({ type: 'open', agentId, ...wait });
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
        connection.close();
        return {
          kind: 'unavailable',
          reason: message.type === 'error' ? message.message : `unexpected ${message.type}`,
        };
    }
  }
}

function unavailable(error: unknown): SessionAnswer {
  return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
}
