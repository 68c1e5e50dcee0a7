import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { runNpm } from './npmCommand.ts';
import { toolsDirectory } from './paths.ts';

/**
 * Installs what a folder's package.json and lock name below `.vscode-test/`, on first use. It is filled under another name
 * first, so that it is whole or not there.
 * @returns the path of its `node_modules`.
 * @throws when npm fails; the message says why.
 */
export async function installedPackage(manifestDirectory: string): Promise<string> {
  const lock = await readFile(path.join(manifestDirectory, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const name = path.basename(manifestDirectory).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const directory = path.join(toolsDirectory, `${name}-${hash}`);
  if (!existsSync(directory)) {
    const unfinished = `${directory}.${process.pid}.tmp`;
    await cp(manifestDirectory, unfinished, { recursive: true });
    await runNpm(['ci', '--ignore-scripts', '--loglevel=error'], unfinished, () => undefined);
    try {
      await rename(unfinished, directory);
    } catch (error) {
      if (!existsSync(directory)) throw error;
      await rm(unfinished, { recursive: true, force: true });
    }
  }
  return path.join(directory, 'node_modules');
}
