import { chmod, lstat, rmdir, unlink } from 'node:fs/promises';
import { type Server, connect } from 'node:net';
import path from 'node:path';
import type { Logger } from '../core/logger.ts';
import { addressInDirectory, addressInTemporaryDirectory, type ControlPlaces, ownDirectory } from './controlAddress.ts';
import { ensurePrivateDirectory } from './privateDirectory.ts';

/** Where a server is to listen. */
export interface ListenOptions extends ControlPlaces {
  /** The address of the server that this one takes the place of: launchers look for it there. */
  readonly address?: string;
  readonly logger: Logger;
}

/**
 * Lets a server listen where only this user can reach it: at the former address if it is free, else in the directory,
 * else in a temporary one with a shorter path.
 * @returns the address.
 * @throws when nothing of it works.
 */
export async function listenPrivately(server: Server, options: ListenOptions): Promise<string> {
  for (const candidate of [options.address, addressInDirectory(options)]) {
    if (candidate === undefined) continue;
    try {
      await listenAt(server, candidate, options.platform);
      return candidate;
    } catch (error) {
      options.logger.debug(`The control socket cannot be at ${candidate}: ${String(error)}`);
    }
  }
  const address = await addressInTemporaryDirectory(options);
  await listenAt(server, address, options.platform);
  return address;
}

/** Removes what {@link listenPrivately} made beside the socket, which the server itself removes when it closes. */
export async function removeAddress(address: string, places: ControlPlaces): Promise<void> {
  const directory = ownDirectory(address, places);
  if (directory !== undefined) await rmdir(directory).catch(ignore);
}

async function listenAt(server: Server, address: string, platform: NodeJS.Platform): Promise<void> {
  if (platform !== 'win32') {
    await ensurePrivateDirectory(path.dirname(address));
    await removeDeadSocket(address);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  if (platform !== 'win32') await chmod(address, 0o600);
}

/**
 * A process that was killed leaves its socket behind.
 * @throws when somebody answers there.
 */
async function removeDeadSocket(address: string): Promise<void> {
  const stats = await lstat(address).catch(ignore);
  if (stats === undefined) return;
  if (!stats.isSocket()) throw new Error(`${address} is something else.`);
  if (await isAnswered(address)) throw new Error(`${address} is in use.`);
  await unlink(address).catch(ignore);
}

/** Whether somebody listens at an address. */
export function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}

function ignore(): undefined {
  return undefined;
}
