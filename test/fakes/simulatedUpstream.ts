import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { answerControl, CONTROL_PREFIX } from './controlEndpoint.ts';
import { Exchange } from './exchange.ts';
import { type Served, ServedLog, type ServedRequest } from './servedLog.ts';
import type { UpstreamBehaviour } from './upstreamBehaviour.ts';
import { answerApiRequest } from './upstreamRouter.ts';
import { UpstreamState } from './upstreamState.ts';

/** How a simulated upstream starts; what is left out is its default. */
export interface SimulatedUpstreamOptions {
  /** 0, the default, lets the system choose. */
  readonly port?: number;
  /** Such as `/any/prefix`: the API is served under it as well as at the root. */
  readonly pathPrefix?: string;
  readonly behaviour?: Partial<UpstreamBehaviour>;
  /** Milliseconds, for rate limits and the log; `Date.now` by default. Delays are real time. */
  readonly now?: () => number;
  readonly organizationId?: string;
  /** Whether the log keeps request bodies; it does not by default. */
  readonly keepBodies?: boolean;
  /** 100,000 by default. */
  readonly maxLogEntries?: number;
}

/** A running simulated upstream. */
export interface SimulatedUpstream {
  /** The base URL for clients, with the prefix and without a slash at its end. */
  readonly url: string;
  /** `url` without the prefix: `/_simulated/` is here. */
  readonly origin: string;
  /** The behaviour as it is now, with the faults still to come. */
  readonly behaviour: UpstreamBehaviour;
  /** The last requests of every kind, oldest first; entries go on changing while they are answered. */
  readonly requests: readonly ServedRequest[];
  /** Replaces the fields given: `faults` the whole queue; `limits` all limits, with full buckets. */
  behave(change: Partial<UpstreamBehaviour>): void;
  served(): Served;
  /** Stops listening and ends all connections. */
  close(): Promise<void>;
}

/** Longer than any client's pool keeps a connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 600_000;

/**
 * Starts a server on 127.0.0.1 that speaks the Messages API as api.anthropic.com does, for one organisation.
 *
 * @throws Error when the port is taken
 */
export async function startSimulatedUpstream(options: SimulatedUpstreamOptions = {}): Promise<SimulatedUpstream> {
  const state = new UpstreamState(
    options.organizationId ?? '00000000-0000-4000-8000-000000000001',
    options.now ?? Date.now,
    new ServedLog(options.maxLogEntries ?? 100_000, options.keepBodies ?? false),
  );
  state.behave(options.behaviour ?? {});
  const pathPrefix = (options.pathPrefix ?? '').replace(/\/+$/, '');
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (request, response) => {
    answer(request, response, state, pathPrefix).catch((error: unknown) => {
      // A client that went away is no fault of ours; anything else is a bug here and must be seen.
      if (!response.destroyed) {
        console.error('simulated upstream:', error);
        response.destroy();
      }
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin + pathPrefix,
    origin,
    get behaviour() {
      return state.behaviour;
    },
    get requests() {
      return state.log.requests;
    },
    behave: (change) => {
      state.behave(change);
    },
    served: () => state.log.served(),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  state: UpstreamState,
  pathPrefix: string,
): Promise<void> {
  const path = request.url ?? '/';
  if (path.startsWith(CONTROL_PREFIX)) {
    await answerControl(request, response, state);
    return;
  }
  const isUnderPrefix = pathPrefix !== '' && path.startsWith(`${pathPrefix}/`);
  const url = new URL(`http://127.0.0.1${isUnderPrefix ? path.slice(pathPrefix.length) : path}`);
  await answerApiRequest(new Exchange(request, response, state), state, url);
}
