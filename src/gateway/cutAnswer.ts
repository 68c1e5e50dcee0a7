import type { ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.ts';
import { makeLastAnswer } from '../loopback/lastAnswer.ts';

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
 * Ends the agent's connection in the middle of an answer, after what has come of it and of those before it is delivered,
 * so that the agent sees a cut and never a clean end.
 * @param lengthIsKnown whether the answer's headers announce its length.
 */
export function cutAnswer(response: ServerResponse, lengthIsKnown: boolean, clock: Clock): void {
  const { socket } = response;
  // It waits behind another on its connection. It is written when it is told of the socket, and may be cut after that.
  if (socket === null) {
    makeLastAnswer(response.req, response);
    response.once('socket', () => {
      process.nextTick(cutAnswer, response, lengthIsKnown, clock);
    });
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
