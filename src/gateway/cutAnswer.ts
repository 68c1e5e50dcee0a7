import type { ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';

const flushMs = 5000;

/**
 * Whether the end of the connection is the end of an answer that has begun, which has neither chunks nor a length: cut, it
 * has to be reset.
 * @param lengthIsKnown whether the answer's headers announce its length.
 */
export function endsWithConnection(response: ServerResponse, lengthIsKnown: boolean): boolean {
  return response.headersSent && !lengthIsKnown && !response.chunkedEncoding;
}

/**
 * Ends the agent's connection in the middle of an answer, after what has come of it is delivered, so that the agent
 * sees a cut and never a clean end.
 * @param lengthIsKnown whether the answer's headers announce its length.
 */
export function cutAnswer(response: ServerResponse, lengthIsKnown: boolean, clock: Clock): void {
  const { socket } = response;
  // An answer that waits behind another on its connection has nothing to deliver yet.
  if (socket === null) {
    response.req.socket.destroy();
    return;
  }
  if (endsWithConnection(response, lengthIsKnown)) {
    socket.resetAndDestroy();
    return;
  }
  socket.once(
    'close',
    clock.after(flushMs, () => socket.destroy()),
  );
  socket.destroySoon();
}
