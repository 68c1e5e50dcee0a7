import { execFileSync } from 'node:child_process';
import * as z from 'zod';

const filesSchema = z.array(z.object({ file: z.string(), content: z.string() }));

const script = `
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const files = readdirSync(process.argv[1], { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .map((file) => ({ file, content: readFileSync(file, 'latin1') }));
process.stdout.write(JSON.stringify(files));`;

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
