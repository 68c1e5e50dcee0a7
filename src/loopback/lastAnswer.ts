import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const closing = new WeakSet<Duplex>();

/**
 * Ends a request's connection with its answer. What the client has sent behind the request is not served any more: it
 * must not be (RFC 9112 §9.6), and where the request's framing was refused it may not even be what it looks like.
 */
export function makeLastAnswer({ socket }: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false;
  closing.add(socket);
}

/** Whether a connection ends with an answer that was given to an earlier request. */
export function hasLastAnswer(socket: Duplex): boolean {
  return closing.has(socket);
}
