import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';
import { headerValue } from './headerValue.ts';

const lingerMs = 1000;

/** Whether there is more of the request's body to come. */
export function isStillSending(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const { rawHeaders } = request;
  if (headerValue(rawHeaders, 'transfer-encoding') !== undefined) return true;
  return Number(headerValue(rawHeaders, 'content-length') ?? 0) > 0;
}

/**
 * Ends an answer whose body is written. While the client is still sending its request, a connection closed at once
 * would be reset and the answer lost (RFC 9112 §9.6): what still comes is then thrown away for a moment.
 */
export function endAnswer(request: IncomingMessage, response: ServerResponse, clock: Clock): void {
  if (!isStillSending(request)) {
    response.end();
    return;
  }
  const end = (): void => {
    stopWaiting();
    request.off('end', end).off('close', end);
    response.end();
  };
  const stopWaiting = clock.after(lingerMs, end);
  request.on('error', () => undefined);
  request.once('end', end).once('close', end).resume();
}
