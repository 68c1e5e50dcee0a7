import { cp, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { repositoryRoot } from './paths.ts';

/** A file in the tests' scratch directory: while it is there, the next start of the engine fails and removes it. */
export const engineFailsOnce = 'engine fails once';

/** A name that the engine finds on this machine, as if a hosts file said so: an upstream that is not loopback by its name. */
export const upstreamName = 'api.test';

/**
 * Copies the built extension, so that a build meanwhile does no harm, and puts before its engine what lets a test make
 * one start of it fail, and have it reach an upstream by {@link upstreamName}.
 * @returns the copy's folder.
 */
export async function copyExtension(parent: string): Promise<string> {
  const folder = path.join(parent, 'extension under test');
  await mkdir(folder);
  for (const part of ['package.json', 'media', 'dist']) {
    await cp(path.join(repositoryRoot, part), path.join(folder, part), { recursive: true });
  }
  const engine = path.join(folder, 'dist', 'engine.cjs');
  await rename(engine, path.join(folder, 'dist', 'engine.real.cjs'));
  await writeFile(
    engine,
    `const { existsSync, rmSync } = require('node:fs');
const file = process.env.AGENT_QUOTA_TEST_SCRATCH + '/${engineFailsOnce}';
if (existsSync(file)) {
  rmSync(file);
  throw new Error('A test has made this start of the engine fail.');
}
const dns = require('node:dns');
const { lookup } = dns;
dns.lookup = (name, ...rest) => lookup(name === '${upstreamName}' ? '127.0.0.1' : name, ...rest);
module.exports = require('./engine.real.cjs');
`,
  );
  return folder;
}
