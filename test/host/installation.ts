import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { transform } from 'esbuild';
import { type Progress, runNpm } from './npmCommand.ts';
import { toolsDirectory } from './paths.ts';

/** What the tests need beside the project's own dependencies, ready to use. */
export interface Installation {
  /** The folder that holds `node_modules`. */
  readonly directory: string;
  /** VS Code's server inside code-server. */
  readonly serverMain: string;
}

const manifestDirectory = path.join(import.meta.dirname, 'manifest');
const manifestFiles = ['package.json', 'package-lock.json', '.npmrc'];
const spdlogStandIn = path.join(import.meta.dirname, 'spdlogStandIn.ts');
/** An unfinished folder that has not changed for this long belongs to a process that is gone. */
const abandonedAfterMs = 30 * 60_000;

/**
 * Installs code-server (a whole VS Code), a browser and Claude Code's CLI below `.vscode-test/`, from npm alone and without
 * running their install scripts. The first use takes a minute or less; later ones return at once.
 *
 * The folder is named by a hash of the manifest and filled under another name, so that it is either whole or not there:
 * an interrupted install is done anew, several processes at once do not disturb one another, and a changed manifest
 * is a new installation.
 * @throws when npm fails; the message says why.
 */
export async function ensureInstalled(progress: Progress = printProgress): Promise<Installation> {
  const name = `host-${await manifestHash()}`;
  const directory = path.join(toolsDirectory, name);
  if (!(await exists(directory))) {
    progress('Installing VS Code (code-server), a browser and the Claude Code CLI into .vscode-test/ …');
    const unfinished = `${directory}.${process.pid}.tmp`;
    await rm(unfinished, { recursive: true, force: true });
    try {
      await install(unfinished, progress);
      await publish(unfinished, directory);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    await removeOld(name);
    progress('Installed.');
  }
  return { directory, serverMain: path.join(serverDirectory(directory), 'out', 'server-main.js') };
}

async function install(directory: string, progress: Progress): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const file of manifestFiles) await cp(path.join(manifestDirectory, file), path.join(directory, file));
  // Scripts would compile for minutes and want system packages; prebuilt binaries are in the packages.
  const flags = ['--ignore-scripts', '--loglevel=error', '--fund=false', '--audit=false'];
  await runNpm(['ci', ...flags], directory, progress);
  progress("Installing VS Code's own dependencies …");
  // Not `ci`, which refuses that package's lock because a peer dependency is missing from it; the rest is as locked.
  await runNpm(['install', '--omit=dev', '--omit=optional', ...flags], serverDirectory(directory), progress);
  await replaceNativeLibraries(directory);
}

/**
 * Two of VS Code's libraries are native code that npm has no binaries of. Logging gets a stand-in; the watchdog, which ends
 * an extension host whose server is gone, is not needed: the server's guard ends both.
 */
async function replaceNativeLibraries(directory: string): Promise<void> {
  const libraries = path.join(serverDirectory(directory), 'node_modules', '@vscode');
  const source = await readFile(spdlogStandIn, 'utf8');
  const { code } = await transform(source, { loader: 'ts', format: 'cjs', platform: 'node' });
  await writeFile(path.join(libraries, 'spdlog', 'index.js'), code);
  await writeFile(path.join(libraries, 'native-watchdog', 'index.js'), 'exports.start = () => undefined;\n');
}

function serverDirectory(directory: string): string {
  return path.join(directory, 'node_modules', 'code-server', 'lib', 'vscode');
}

/** Gives the finished folder its name; another process that was faster has won, and its work is as good. */
async function publish(unfinished: string, directory: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(unfinished, directory);
      return;
    } catch (error) {
      if (await exists(directory)) return;
      // Windows refuses to rename a folder while a virus scanner still reads in it.
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * attempt));
    }
  }
}

/** Removes other manifests' installations and what interrupted installs left. */
async function removeOld(current: string): Promise<void> {
  for (const name of await readdir(toolsDirectory)) {
    if (!name.startsWith('host-') || name === current) continue;
    const folder = path.join(toolsDirectory, name);
    const changed = await stat(folder).then(
      (stats) => stats.mtimeMs,
      () => 0,
    );
    if (name.endsWith('.tmp') && Date.now() - changed < abandonedAfterMs) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is done to it counts too. Binaries differ by platform, and a checkout may be shared by two (Windows and WSL): so it is part of the hash. */
async function manifestHash(): Promise<string> {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`);
  for (const file of manifestFiles) hash.update(await readFile(path.join(manifestDirectory, file)));
  hash.update(await readFile(spdlogStandIn)).update(await readFile(import.meta.filename));
  return hash.digest('hex').slice(0, 12);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function printProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
