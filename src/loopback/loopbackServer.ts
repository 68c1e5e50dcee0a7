import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { rawAnswer } from './loopbackAnswer.ts';
import { hasLastAnswer, makeLastAnswer } from './lastAnswer.ts';
import { Pipeline, tooManyAtOnce } from './pipeline.ts';
import { mostHeaderLines, refusal } from './requestGuard.ts';
import { sendAnswer } from './sendAnswer.ts';

export interface LoopbackServerOptions {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => void;
  /** Whether a request of this connection is being answered, so that nothing else may be written to it. */
  readonly isBusy: (socket: Duplex) => boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  /** How long the headers of a request may take to come, from the connection or the answer before; 15 s by default. */
  readonly headersWithinMs?: number;
}

/**
 * How much of a request's body is read while it waits in line, and of an answer's while its reader is slow, in bytes.
 * Also what it takes to see a client go away while it waits: most real bodies are shorter, and are then read whole.
 */
const highWaterMark = 512 * 1024;

/** More than anybody's agents open; bounds what a client that connects in a loop costs. */
const mostConnections = 2048;

/** An HTTP server with its defences set that listens to nothing yet. */
export function createLoopbackServer(options: LoopbackServerOptions): Server {
  const { onRequest, isBusy, logger, clock, headersWithinMs = 15_000 } = options;
  const server = createServer({
    insecureHTTPParser: false,
    // The guard refuses a request without one, in the shape of all refusals.
    requireHostHeader: false,
    highWaterMark,
    maxHeaderSize: 32 * 1024,
    headersTimeout: headersWithinMs,
    // A body may wait in line as long as its request does; the relay cuts one that stands still when it is wanted.
    requestTimeout: 0,
    keepAliveTimeout: 60_000,
    connectionsCheckingInterval: headersWithinMs / 3,
    noDelay: true,
  });
  server.maxHeadersCount = mostHeaderLines;
  server.maxConnections = mostConnections;
  // Each request of a connection listens to its end, and requests may come pipelined.
  server.on('connection', (socket) => socket.setMaxListeners(0));
  const pipeline = new Pipeline();
  const serve = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    const place = pipeline.add(request, response);
    if (place === 'flood') request.socket.destroy();
    else if (hasLastAnswer(request.socket)) request.resume();
    else if (place === 'served') onRequest(request, response, expectsContinue);
    else {
      logger.debug('Refused a request that came on its connection behind too many without an answer.');
      makeLastAnswer(request, response);
      sendAnswer(request, response, tooManyAtOnce, clock);
    }
  };
  server.on('request', serve(false)).on('checkExpectation', serve(false)).on('checkContinue', serve(true));
  const refuse = (_request: IncomingMessage, socket: Duplex): void => {
    if (isBusy(socket)) socket.destroy();
    else endWith(socket, 400, 'Another protocol is not served here (Upgrade or CONNECT).');
  };
  server.on('upgrade', refuse).on('connect', refuse);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET' || isBusy(socket) || isUnused(socket)) {
      socket.destroy();
      return;
    }
    // The answer that is on its way ends the connection.
    if (hasLastAnswer(socket)) return;
    logger.debug(`Refused what is not a request (${error.code ?? error.message}).`);
    if (error.code === 'HPE_HEADER_OVERFLOW') endWith(socket, 431, 'Its headers are too long.');
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
      endWith(socket, 408, 'Its headers did not come in time.', 'freely');
    else endWith(socket, 400, 'It is not a well-formed HTTP/1.1 request.');
  });
  return server;
}

/** A first request that meets the end of its connection halfway would take whatever is written there for its answer. */
function isUnused(socket: Duplex): boolean {
  return socket instanceof Socket && socket.bytesRead === 0;
}

function endWith(socket: Duplex, status: 400 | 408 | 431, reason: string, retry: 'never' | 'freely' = 'never'): void {
  socket.on('error', () => undefined);
  socket.end(rawAnswer({ ...refusal(status, reason), retry }), () => socket.destroy());
}
