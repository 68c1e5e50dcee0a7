import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UnusableText } from './jsonMember.ts';

/**
 * The text of a settings file.
 * @returns undefined when there is none.
 * @throws {UnusableText} for what is no UTF-8: it could not be written back as it is.
 */
export async function readSettingsFile(file: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw new UnusableText('It is not written in UTF-8.');
  return text;
}

/**
 * Puts another text into a settings file, whole or not at all. Its permissions stay; a link stays a link, and what it
 * leads to is changed.
 * @param before what the file held when the text was made of it; undefined when there was none.
 * @param text undefined takes the file away.
 * @throws {UnusableText} when it holds something else by now.
 */
export async function writeSettingsFile(
  file: string,
  before: string | undefined,
  text: string | undefined,
): Promise<void> {
  const target = before === undefined ? await placeOfNew(file) : await realpath(file);
  if (text === undefined) {
    await checkUnchanged(target, before);
    await rm(target);
    return;
  }
  const mode = before === undefined ? 0o600 : (await stat(target)).mode & 0o777;
  const draft = `${target}.${randomBytes(4).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // What a mask took from it when it was made.
    await chmod(draft, mode);
    await checkUnchanged(target, before);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function placeOfNew(file: string): Promise<string> {
  const isThere = await lstat(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw new UnusableText('It is a link that leads nowhere.');
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  return file;
}

async function checkUnchanged(target: string, before: string | undefined): Promise<void> {
  if ((await readSettingsFile(target)) !== before) throw new UnusableText('It was changed in this moment.');
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
