import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeLastAnswer } from '../loopback/lastAnswer.ts';
import { listenOnLoopback } from '../loopback/listenOnLoopback.ts';
import type { LoopbackAnswer } from '../loopback/loopbackAnswer.ts';
import { createLoopbackServer } from '../loopback/loopbackServer.ts';
import { guardRequest } from '../loopback/requestGuard.ts';
import { sendAnswer } from '../loopback/sendAnswer.ts';
import { UnderWay } from '../loopback/underWay.ts';
import { withinTime } from '../core/withinTime.ts';
import { observerAnswers } from './observerAnswers.ts';
import { ObserverExchange, type ObserverContext, type ReportHead } from './observerExchange.ts';
import { readRoute } from './observerRoute.ts';

export interface ObserverOptions extends ObserverContext {
  /** Tried first; any free one when it is taken. */
  readonly port?: number;
}

/** The loopback HTTP server that takes in what observed agents report. */
export interface ObserverServer {
  readonly port: number;
  /** Where a session's agent reports, without a slash at its end; as secret as the session's token, which is in it. */
  urlOf(token: string): string;
  /** Ends all connections and takes no more. Resolves within a few seconds whatever happens. */
  close(): Promise<void>;
}

/** How long what is under way may take to be taken in. */
const settleMs = 2000;

/**
 * Starts the observer on 127.0.0.1.
 * @throws the listening error when no port can be had at all.
 */
export async function startObserverServer(options: ObserverOptions): Promise<ObserverServer> {
  const { logger, clock } = options;
  const exchanges = new UnderWay<{ readonly exchange: ObserverExchange; readonly over: Promise<void> }>();

  const onRequest = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
    const head = readHead(request, port);
    if ('status' in head) {
      logger.debug(`Refused a report (${head.status}): ${head.message}`);
      // What comes behind it may not be what it looks like.
      makeLastAnswer(request, response);
      sendAnswer(request, response, head, clock);
      return;
    }
    const exchange = new ObserverExchange(options, request, response, { ...head, expectsContinue });
    const over = exchange.run();
    void over.then(exchanges.add({ exchange, over }));
  };
  const isBusy = (socket: unknown): boolean => exchanges.some(({ exchange }) => exchange.socket === socket);
  const server = createLoopbackServer({ onRequest, isBusy, logger, clock });
  const port = await listenOnLoopback(server, options.port, logger);

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    server.close();
    const underWay = exchanges.items();
    for (const { exchange } of underWay) exchange.abort();
    server.closeAllConnections();
    await withinTime(clock, settleMs, Promise.all(underWay.map(({ over }) => over)));
  };
  return { port, urlOf: (token) => `http://127.0.0.1:${port}/${token}`, close: () => (closed ??= close()) };
}

/** What a request is, by its first lines alone, or the answer to refuse it with. */
function readHead(request: IncomingMessage, port: number): Omit<ReportHead, 'expectsContinue'> | LoopbackAnswer {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  const refused = guardRequest({ method, httpVersion, rawHeaders }, port);
  if (refused !== undefined) return refused;
  const route = readRoute(url);
  if (route === undefined) return observerAnswers.notServed;
  return method === 'POST' ? route : observerAnswers.notPosted;
}
