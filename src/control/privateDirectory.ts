import { chmod, lstat, mkdir } from 'node:fs/promises';

/**
 * Makes a directory that only this user can enter, or checks that an existing one is so.
 * @throws when it cannot be made, or is a link, or another user's: whoever owns it could put a socket of theirs there.
 */
export async function ensurePrivateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const stats = await lstat(directory);
  if (!stats.isDirectory()) throw new Error(`${directory} is not a directory.`);
  if (process.getuid !== undefined && stats.uid !== process.getuid()) {
    throw new Error(`${directory} belongs to another user.`);
  }
  if ((stats.mode & 0o077) !== 0) await chmod(directory, 0o700);
}
