import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.ts';
import { isStillSending } from '../loopback/endAnswer.ts';

/** The most that is read ahead of a body, in bytes. */
const mostBytes = 64 * 1024;
/** How long the begin of a body may let its request wait, in milliseconds. */
const patienceMs = 50;

/**
 * Takes what has come of a request's body, or waits a moment for the first of it. It belongs before the rest of the
 * body, which is left where it is.
 * @param signal ends the wait.
 * @returns undefined when there is no body, or nothing of it has come in time.
 */
export async function readBegin(
  request: IncomingMessage,
  clock: Clock,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (request.readableLength === 0 && isStillSending(request)) await somethingToRead(request, clock, signal);
  if (request.readableLength === 0) return undefined;
  return (request.read(Math.min(request.readableLength, mostBytes)) as Buffer | null) ?? undefined;
}

/** Resolves at the first bytes, the body's end, the signal or the end of the patience. */
function somethingToRead(request: IncomingMessage, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      stopWaiting();
      request.off('readable', stop);
      signal.removeEventListener('abort', stop);
      resolve();
    };
    const stopWaiting = clock.after(patienceMs, stop);
    request.on('readable', stop);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
  });
}
