import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Where control sockets may be. */
export interface ControlPlaces {
  /** Private to the user; made when it is missing. */
  readonly directory: string;
  readonly platform: NodeJS.Platform;
  /** Stands in for the system's temporary directory. */
  readonly temporaryDirectory?: string;
}

/** `sun_path` less its final zero: 108 bytes on Linux, 104 on macOS and the BSDs. Source: unix(7), unix(4). */
function longestPath(platform: NodeJS.Platform): number {
  return platform === 'linux' ? 107 : 103;
}

/** Begins the name of a directory that was made for one socket. */
const temporaryPrefix = 'agent-quota-';

/** A fresh address below `directory`, or a named pipe on Windows; undefined when the path would be too long. */
export function addressInDirectory({ directory, platform }: ControlPlaces): string | undefined {
  // Named pipes have one name space for all users: only a name that nobody can guess is one that nobody can take first.
  if (platform === 'win32') return `\\\\.\\pipe\\agent-quota-${randomBytes(16).toString('hex')}`;
  const address = path.join(directory, `${randomBytes(4).toString('hex')}.sock`);
  return Buffer.byteLength(address) <= longestPath(platform) ? address : undefined;
}

/** A fresh address in a private directory of its own with a short path. */
export async function addressInTemporaryDirectory(places: ControlPlaces): Promise<string> {
  const usual = path.join(places.temporaryDirectory ?? tmpdir(), temporaryPrefix);
  const room = Buffer.byteLength(usual) + 'XXXXXX/c.sock'.length <= longestPath(places.platform);
  return path.join(await mkdtemp(room ? usual : `/tmp/${temporaryPrefix}`), 'c.sock');
}

/** The directory that was made for this address alone, to be removed with it. */
export function ownDirectory(address: string, places: ControlPlaces): string | undefined {
  const directory = path.dirname(address);
  const made = places.platform !== 'win32' && path.basename(directory).startsWith(temporaryPrefix);
  return made && directory !== path.normalize(places.directory) ? directory : undefined;
}
