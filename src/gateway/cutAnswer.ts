import type { ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';

const flushMs = 5000;

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
  // Without a length and without chunks the end of the connection is the end of the answer, so it must be a reset.
  if (!lengthIsKnown && !response.chunkedEncoding) {
    socket.resetAndDestroy();
    return;
  }
  socket.once(
    'close',
    clock.after(flushMs, () => socket.destroy()),
  );
  socket.destroySoon();
}
