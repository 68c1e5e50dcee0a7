import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestAdmission } from '../core/admission.ts';
import type { Clock } from '../core/clock.ts';
import type { UpstreamTarget } from '../core/credentials.ts';
import type { FirstConfiguration } from '../core/firstConfiguration.ts';
import type { Logger } from '../core/logger.ts';
import { currentAddress } from './currentAddress.ts';
import { type AgentRequestHead, Exchange, type ExchangeContext } from './exchange.ts';
import { listenOnLoopback } from '../loopback/listenOnLoopback.ts';
import type { LoopbackAnswer } from '../loopback/loopbackAnswer.ts';
import { type ScrapedMetrics, serveMetrics } from './metricsPage.ts';
import { makeLastAnswer } from '../loopback/lastAnswer.ts';
import { createLoopbackServer } from '../loopback/loopbackServer.ts';
import { guardRequest, refusal } from '../loopback/requestGuard.ts';
import { readTarget } from './requestTarget.ts';
import { sendAnswer } from '../loopback/sendAnswer.ts';
import { sessionAnswers } from './sessionAnswers.ts';
import { sessionTokenOf } from './sessionToken.ts';
import { UnderWay } from '../loopback/underWay.ts';
import { withinTime } from '../core/withinTime.ts';
import type { UpstreamConnections } from './upstreamConnections.ts';
import { type UpstreamHealth, UpstreamHealthWatch } from './upstreamHealth.ts';

export interface GatewayOptions {
  readonly admission: RequestAdmission;
  /** Where requests go now, and with which key; undefined while there are no credentials. */
  readonly upstream: () => UpstreamTarget | undefined;
  /** Is told that a request has no key to be sent with. @returns whether one may come. */
  readonly keyWanted: () => boolean;
  /** Whether `upstream` is told already: requests that come before wait for that. */
  readonly configured: Pick<FirstConfiguration, 'soon'>;
  /** Keys that are not known now may be later, as sessions of before cannot be read. No when left out. */
  readonly sessionsMayReturn?: boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Tried first; any free one when it is taken. */
  readonly port?: number;
  /** Told of each failure and of the first good answer after it; it begins as reachable, as each new upstream does. */
  readonly onUpstreamHealth?: (health: UpstreamHealth) => void;
  /** Undefined: there are none. */
  readonly metrics?: ScrapedMetrics;
  /** Stay the giver's to destroy. */
  readonly connections: UpstreamConnections;
}

/** The loopback HTTP server between the agents and the upstream. */
export interface Gateway {
  /** The base URL for agents, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /**
   * Ends all connections, records what the requests in flight had used, and takes no more. Resolves within a few
   * seconds whatever happens.
   */
  close(): Promise<void>;
}

/** How long the quota core may take to record what the cut requests had used. */
const settleMs = 2000;

/**
 * Starts the gateway on 127.0.0.1.
 * @throws the listening error when no port can be had at all.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { admission, upstream, keyWanted, configured, sessionsMayReturn = false, logger, clock, connections } = options;
  const address = currentAddress(upstream);
  const health = new UpstreamHealthWatch((state) => options.onUpstreamHealth?.(state), address);
  const context: ExchangeContext = {
    admission,
    address,
    keyWanted,
    configured,
    sessionsMayReturn,
    logger,
    clock,
    connections,
    health,
  };
  const exchanges = new UnderWay<{ readonly exchange: Exchange; readonly over: Promise<void> }>();

  const onRequest = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
    const head = readHead(request, port);
    // Behind the guard against other hosts and web pages, and before the question of whose session it is.
    const isOfMetrics = head.kind !== 'refused' && serveMetrics(request, response, options);
    if (isOfMetrics) return;
    if (head.kind !== 'agent') {
      const { answer } = head;
      logger.debug(`Refused a request (${answer.status}): ${answer.message}`);
      // What comes behind it may not be what it looks like.
      makeLastAnswer(request, response);
      sendAnswer(request, response, answer, clock);
      return;
    }
    const exchange = new Exchange(context, request, response, { ...head, expectsContinue });
    const over = exchange.run();
    void over.then(exchanges.add({ exchange, over }));
  };
  const isBusy = (socket: unknown): boolean => exchanges.some(({ exchange }) => exchange.socket === socket);
  const server = createLoopbackServer({ onRequest, isBusy, logger, clock });
  const port = await listenOnLoopback(server, options.port, logger);

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    server.close();
    const inFlight = exchanges.items();
    for (const { exchange } of inFlight) exchange.abort();
    server.closeAllConnections();
    await withinTime(clock, settleMs, Promise.all(inFlight.map(({ over }) => over)));
  };
  return { url: `http://127.0.0.1:${port}`, port, close: () => (closed ??= close()) };
}

/** What a request is, by its first lines alone. */
type RequestKind =
  | ({ readonly kind: 'agent' } & Pick<AgentRequestHead, 'path' | 'token' | 'tokenPlace'>)
  /** Of nobody who could be told apart. */
  | { readonly kind: 'nobody'; readonly answer: LoopbackAnswer }
  | { readonly kind: 'refused'; readonly answer: LoopbackAnswer };

function readHead(request: IncomingMessage, port: number): RequestKind {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  const refused = guardRequest({ method, httpVersion, rawHeaders }, port);
  if (refused !== undefined) return { kind: 'refused', answer: refused };
  const target = readTarget(url);
  if (target.kind === 'refused') return { kind: 'refused', answer: refusal(400, target.reason) };
  const token = target.token ?? sessionTokenOf(rawHeaders);
  if (token === undefined) return { kind: 'nobody', answer: sessionAnswers.noKey };
  return { kind: 'agent', path: target.path, token, tokenPlace: target.token === undefined ? 'header' : 'path' };
}
