import { createServer } from 'node:net';
import type { Logger } from '../core/logger.ts';
import type { ProcessTable } from '../core/processTable.ts';
import { publishEngine } from './engineRecords.ts';
import { listenPrivately, removeAddress } from './controlListener.ts';
import type { ControlQueries } from './controlQueries.ts';
import type { ControlSessions } from './controlSessions.ts';
import { LauncherConnection } from './launcherConnection.ts';

/** What a {@link ControlServer} is made of. */
export interface ControlServerOptions {
  /** Where the socket and the engine's record go; made when it is missing, and entered by this user only. */
  readonly directory: string;
  readonly platform: NodeJS.Platform;
  /** What a client must know. Launchers read it from a file in the directory. */
  readonly secret: string;
  readonly sessions: ControlSessions;
  /** Undefined while the window has not told its engine the settings. */
  readonly queries: () => ControlQueries | undefined;
  readonly processTable: ProcessTable;
  readonly logger: Logger;
  /**
   * The address of the server that this one takes the place of (an engine or a window that started again): used again
   * where it can be, since running launchers look for it there.
   */
  readonly address?: string;
  /** Milliseconds that a client may take to say `hello`. */
  readonly helloWithinMs?: number;
  /** Stands in for the system's temporary directory, which is used where `directory` is too long for a socket. */
  readonly temporaryDirectory?: string;
}

/** The engine's socket for launchers. */
export interface ControlServer {
  /** Path of the socket, or name of the pipe. */
  readonly address: string;
  /** Ends all connections, and removes the socket. Sessions that agents run in stay. */
  close(): Promise<void>;
}

/** More than anybody runs; bounds what a client that connects in a loop costs. */
const mostConnections = 1024;

/**
 * Starts the engine's per-user socket for launchers.
 * @throws when no socket can be had anywhere.
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { sessions, logger } = options;
  const context = { ...options, helloWithinMs: options.helloWithinMs ?? 2000 };
  const connections = new Set<LauncherConnection>();
  const server = createServer((socket) => {
    const connection = new LauncherConnection(socket, context);
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  server.maxConnections = mostConnections;
  const address = await listenPrivately(server, options);
  server.on('error', (error) => {
    logger.error('The control socket failed.', error);
  });
  const record = await publishEngine(options.directory, address, options.processTable).catch((error: unknown) => {
    logger.warn(`Only terminals of this window will find its engine: ${String(error)}`);
  });
  const stopLine = sessions.onLineMoved((place, running) => {
    for (const connection of connections) connection.lineMoved(place, running);
  });
  return {
    address,
    async close() {
      stopLine();
      await record?.leave().catch((error: unknown) => {
        logger.warn(`Whoever starts an agent while this window reloads will not wait for it: ${String(error)}`);
      });
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const connection of connections) connection.close();
      await closed;
      await removeAddress(address, options);
    },
  };
}
