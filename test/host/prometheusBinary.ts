import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { toolsDirectory } from './paths.ts';

const run = promisify(execFile);

/**
 * A Prometheus server: the one that is installed, or Debian's package, unpacked below `.vscode-test/` on first use.
 * @returns the directory that has `prometheus` and `promtool`.
 * @throws where there is neither.
 */
export async function prometheusDirectory(): Promise<string> {
  for (const directory of (process.env['PATH'] ?? '').split(path.delimiter))
    if (directory !== '' && existsSync(path.join(directory, 'prometheus'))) return directory;
  const unpacked = path.join(toolsDirectory, 'prometheus');
  const programs = path.join(unpacked, 'usr', 'bin');
  if (existsSync(programs)) return programs;
  await mkdir(toolsDirectory, { recursive: true });
  const draft = await mkdtemp(path.join(toolsDirectory, 'prometheus.'));
  try {
    await run('apt-get', ['download', 'prometheus'], { cwd: draft }).catch(async () => {
      await run('apt-get', ['update']);
      await run('apt-get', ['download', 'prometheus'], { cwd: draft });
    });
    const [archive = ''] = await readdir(draft);
    await run('dpkg-deb', ['--extract', path.join(draft, archive), path.join(draft, 'unpacked')]);
    await rename(path.join(draft, 'unpacked'), unpacked);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return programs;
}
