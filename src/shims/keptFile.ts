import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';

/** Makes a directory of this user alone, or has it be one. */
export async function privateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (((await stat(directory)).mode & 0o077) !== 0) await chmod(directory, 0o700);
}

/**
 * Writes a program of this user alone where it is not as it should be, whole or not at all.
 * @throws when there is none and it cannot be written.
 */
export async function keepFile(file: string, text: string): Promise<void> {
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present === text) return;
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(draft, text, { flag: 'wx', mode: 0o700 });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    // Windows does not let a script be replaced while it runs. The next window tries again.
    if (present === undefined) throw error;
  }
}
