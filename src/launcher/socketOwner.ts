import { lstatSync, type Stats } from 'node:fs';
import path from 'node:path';

/**
 * Whether somebody else may have put a socket there. The directory of a window that is gone may be gone with it, and
 * whoever then makes another in its place (in /tmp anybody can) would be told the secret, and would say what the agent
 * runs with. Named pipes of Windows have no directory.
 */
export function mayBeForeign(socket: string, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return false;
  const stats = statsOf(path.dirname(socket));
  if (stats === undefined) return false;
  return !stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o077) !== 0;
}

function statsOf(directory: string): Stats | undefined {
  try {
    return lstatSync(directory);
  } catch {
    return undefined;
  }
}
