import { execFileSync } from 'node:child_process';
import * as z from 'zod';

const filesSchema = z.array(z.object({ file: z.string(), content: z.string() }));

const script = `
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const list = (directory) => readdirSync(directory, { withFileTypes: true });
/** @returns undefined of what has been taken away since it was listed. */
function unlessGone(look) {
  try {
    return look();
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
function filesOf(directory, entries) {
  return entries.flatMap((entry) => {
    const file = join(directory, entry.name);
    if (entry.isDirectory()) return filesOf(file, unlessGone(() => list(file)) ?? []);
    const content = entry.isFile() ? unlessGone(() => readFileSync(file, 'latin1')) : undefined;
    return content === undefined ? [] : [{ file, content }];
  });
}
const [, directory] = process.argv;
process.stdout.write(JSON.stringify(filesOf(directory, list(directory))));`;

/**
 * Every file below a directory, with its bytes as latin1. Another process reads them: one that has a SQLite database open
 * loses its locks on it when it closes the same file by any other way. Source: sqlite.org, "How To Corrupt An SQLite
 * Database File", 2.2.
 */
export function filesBelow(directory: string): { readonly file: string; readonly content: string }[] {
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' };
  const options = { env, encoding: 'utf8', maxBuffer: 2 ** 30 } as const;
  return filesSchema.parse(JSON.parse(execFileSync(process.execPath, ['-e', script, directory], options)));
}
