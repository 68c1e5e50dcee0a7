import type { ClientRequest } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const piece = Buffer.alloc(64 * 1024);

/** Sends a body of so many whole pieces of 64 KiB, each as soon as those before have left. @returns the bytes so far. */
export function sendPaced(request: ClientRequest, length: number): () => number {
  let sent = 0;
  const push = (): void => {
    while (sent < length) {
      sent += piece.length;
      if (!request.write(piece)) {
        request.once('drain', push);
        return;
      }
    }
    request.end();
  };
  push();
  return () => sent;
}

/** @returns a count when it changes no more, since the sockets between are full. */
export async function untilStill(count: () => number): Promise<number> {
  for (;;) {
    const before = count();
    await wait(150);
    if (count() === before) return before;
  }
}
