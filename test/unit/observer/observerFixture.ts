import type { TokenOwner } from '../../../src/core/admission.ts';
import type { LiveSession } from '../../../src/core/session.ts';
import { noUsage } from '../../../src/core/usage.ts';
import type { ObserverContext } from '../../../src/observer/observerExchange.ts';
import { LogsIntake, type TelemetryBooks } from '../../../src/observer/logsIntake.ts';
import { startObserverServer, type ObserverServer } from '../../../src/observer/observerServer.ts';
import { systemClock } from '../../../src/processes/systemClock.ts';

/** The session tokens that the fixture knows. */
export const liveToken = 'sk-aq-live-0123456789abcdefghijklmnop';
export const endedToken = 'sk-aq-ended-0123456789abcdefghijklmno';

export const liveSession: LiveSession = {
  sessionId: 'session-1',
  agentId: 'tester',
  planId: 'plan',
  mode: 'observed',
  state: 'active',
  allocation: { tokens: 1000 },
  process: { pid: 1 },
  workspace: 'test',
  createdAt: 0,
  lastActivityAt: 0,
  usage: noUsage,
  requests: 0,
};

const owners: Readonly<Record<string, TokenOwner>> = {
  [liveToken]: { kind: 'live', session: liveSession },
  [endedToken]: { kind: 'ended', session: { ...liveSession, state: 'ended', endedAt: 1, endReason: 'released' } },
};

/** An observer with two sessions, and all that it logged. */
export interface ObserverFixture {
  readonly observer: ObserverServer;
  readonly logged: string[];
  /** Posts to the live session's address, or to another's. */
  post(path: string, body?: string | Uint8Array<ArrayBuffer>, options?: PostOptions): Promise<Response>;
}

export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string;
  readonly method?: string;
  readonly signal?: AbortSignal;
}

/** Books nothing. */
const noBooks: TelemetryBooks = {
  book: () => Promise.resolve(true),
  observe: () => Promise.resolve(),
  heard: () => undefined,
  accountTold: () => Promise.resolve(),
  trouble: () => undefined,
};

export async function startFixture(parts: Partial<ObserverContext>): Promise<ObserverFixture> {
  const logged: string[] = [];
  const log = (message: string, cause?: unknown): void => {
    logged.push(cause === undefined ? message : `${message} ${cause instanceof Error ? cause.message : typeof cause}`);
  };
  const observer = await startObserverServer({
    sessions: { ownerOfToken: (token) => Promise.resolve(owners[token] ?? { kind: 'unknown' }) },
    configured: { soon: () => Promise.resolve(true) },
    sessionsMayReturn: false,
    intake: { hooks: new Map() },
    logs: new LogsIntake(noBooks, (account) => account, systemClock),
    logger: { debug: log, info: log, warn: log, error: log },
    clock: systemClock,
    ...parts,
  });
  return {
    observer,
    logged,
    post: (path, body = '{}', { headers, token = liveToken, method = 'POST', signal } = {}) =>
      fetch(`${observer.urlOf(token)}${path}`, {
        method,
        ...(method === 'POST' && { body }),
        ...(headers !== undefined && { headers }),
        ...(signal !== undefined && { signal }),
      }),
  };
}
