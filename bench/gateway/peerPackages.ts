import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runNpm } from '../../test/host/npmCommand.ts';
import { repositoryRoot } from '../../test/host/paths.ts';

/** Where the peers' manifest, lock file and programs are. */
export const peersDirectory = join(repositoryRoot, 'bench', 'peers');

/** Installs the peers as their lock file says, unless they are there. No script of theirs is run. */
export async function ensurePeersInstalled(): Promise<void> {
  // npm writes it last.
  if (existsSync(join(peersDirectory, 'node_modules', '.package-lock.json'))) return;
  await runNpm(['ci', '--ignore-scripts', '--loglevel=error'], peersDirectory, (line) => {
    process.stderr.write(`${line}\n`);
  });
}
