import { lstat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Whether somebody else may have put a socket there. The directory of a window that is gone may be gone with it, and
 * whoever then makes another in its place (in /tmp anybody can) would be told the secret, and would say what the agent
 * runs with. Named pipes of Windows have no directory.
 */
export async function mayBeForeign(socket: string, platform: NodeJS.Platform): Promise<boolean> {
  if (platform === 'win32') return false;
  const stats = await lstat(path.dirname(socket)).catch(() => undefined);
  if (stats === undefined) return false;
  return !stats.isDirectory() || stats.uid !== process.getuid?.() || (stats.mode & 0o077) !== 0;
}
