import { once } from 'node:events';
import { type Server } from 'node:http';
import { type Logger } from '../core/logger.ts';

/**
 * Listens on 127.0.0.1.
 * @param wanted tried first; any free port when it cannot be had.
 * @returns the port.
 * @throws the listening error when no port can be had at all.
 */
export async function listenOnLoopback(server: Server, wanted: number | undefined, logger: Logger): Promise<number> {
  if (wanted !== undefined && wanted !== 0) {
    try {
      return await listen(server, wanted);
    } catch (error) {
      logger.warn(`Port ${wanted} cannot be had (${String(error)}), so another one is taken.`);
    }
  }
  return listen(server, 0);
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen({ host: '127.0.0.1', port, exclusive: true });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}
