import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** Receives one line about something slow, for people to read. */
export type Progress = (line: string) => void;

/**
 * Runs npm and resolves when it has ended well. npm's script is run with this Node itself: `npm.cmd` would need a
 * shell on Windows, and a shell would split paths with spaces.
 * @throws with npm's first lines, which say why (its usage follows), when npm is not found or fails.
 */
export async function runNpm(args: readonly string[], cwd: string, progress: Progress): Promise<void> {
  const child = spawn(process.execPath, [findNpm(), ...args], {
    cwd,
    env: npmEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (line.trim() !== '') progress(line);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) {
    throw new Error(`npm ${args.join(' ')} failed in ${cwd} (${String(code)}):\n${lines.slice(0, 15).join('\n')}`);
  }
}

/** The path of `npm-cli.js`: the npm that runs this script, else the one on PATH. */
function findNpm(): string {
  const running = process.env['npm_execpath'];
  if (running !== undefined && path.basename(running) === 'npm-cli.js' && existsSync(running)) return running;
  const directories = (process.env['PATH'] ?? '').split(path.delimiter);
  for (const directory of [...directories, path.dirname(process.execPath)]) {
    // On Windows npm's script stands in node_modules beside `npm.cmd`; elsewhere `npm` is a link to it.
    const beside = path.join(directory, 'node_modules', 'npm', 'bin', 'npm-cli.js');
    if (existsSync(beside)) return beside;
    const link = path.join(directory, 'npm');
    if (process.platform !== 'win32' && existsSync(link)) {
      const target = realpathSync(link);
      if (path.basename(target) === 'npm-cli.js') return target;
    }
  }
  throw new Error('npm was not found. Run this through an npm script, or put npm on PATH.');
}

/** Without what `npm run` sets for the outer project: it would point this npm at the wrong folder. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const outer = /^npm_(package|lifecycle)_|^npm_config_(local_prefix|omit|include|ignore_scripts|workspace.*)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !outer.test(name)));
}
