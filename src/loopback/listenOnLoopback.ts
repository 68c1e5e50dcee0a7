import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from '../core/logger.ts';

/**
 * An engine that is closing still holds its port for a moment, in milliseconds; then it is somebody else's. VS Code lets an
 * extension host that does not end by itself live for six seconds (microsoft/vscode, `windowLifecycleGraceTime`).
 */
const patienceMs = 8000;
const pauseMs = 50;

/**
 * Listens on 127.0.0.1.
 * @param wanted tried first, for some seconds while it is taken, since agents know it; any free port when it cannot be had.
 * @returns the port.
 * @throws the listening error when no port can be had at all.
 */
export async function listenOnLoopback(server: Server, wanted: number | undefined, logger: Logger): Promise<number> {
  if (wanted === undefined || wanted === 0) return listen(server, 0);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await listen(server, wanted);
    } catch (error) {
      if (isTaken(error) && performance.now() < deadline) {
        await setTimeout(pauseMs);
        continue;
      }
      logger.warn(`Port ${wanted} cannot be had (${String(error)}), so another one is taken.`);
      return listen(server, 0);
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen({ host: '127.0.0.1', port, exclusive: true });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}
