import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readSecretText, secretFileName as fileName } from '../shared/launcherSecret.ts';
import { ensurePrivateDirectory } from './privateDirectory.ts';

/**
 * The secret that launchers show at the control socket. It is kept in a file of the user's alone, beside the sockets,
 * so that it is in no environment, and launchers that outlive a reload of their window are known to the next engine. VS Code's own secret storage
 * would not do: where there is no keyring, and in a served VS Code, it forgets everything on a reload without a word.
 * All windows share one: the first to come makes it.
 * @param directory private to the user; made when it is missing.
 * @throws when nothing can be kept there.
 */
export async function keptLauncherSecret(directory: string): Promise<string> {
  await ensurePrivateDirectory(directory);
  const file = path.join(directory, fileName);
  const kept = await readSecret(file);
  if (kept !== undefined) return kept;
  const fresh = randomBytes(24).toString('base64url');
  const draft = path.join(directory, `${fileName}.${randomBytes(4).toString('hex')}`);
  await writeFile(draft, fresh, { flag: 'wx', mode: 0o600 });
  try {
    // A link is made whole or not at all, and does not replace what another window has put there meanwhile.
    await link(draft, file);
    return fresh;
  } catch {
    const others = await readSecret(file);
    if (others !== undefined) return others;
    await rename(draft, file);
    return fresh;
  } finally {
    await rm(draft, { force: true });
  }
}

/** @returns undefined when there is none, or none that is whole. */
async function readSecret(file: string): Promise<string | undefined> {
  return readSecretText(await readFile(file, 'utf8').catch(() => ''));
}
