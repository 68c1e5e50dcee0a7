import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureInstalled, type Installation } from './installation.ts';

/**
 * The path of Claude Code's real CLI, installed from npm. The package's own `claude` is put in place by an install
 * script that is not run here; the platform's package has the binary.
 * @throws when there is no binary for this platform.
 */
export async function claudeBinary(installation?: Installation): Promise<string> {
  const { directory } = installation ?? (await ensureInstalled());
  const name = process.platform === 'win32' ? 'claude.exe' : 'claude';
  const packages = [`${process.platform}-${process.arch}`, `${process.platform}-${process.arch}-musl`];
  const found = preferMusl(packages)
    .map((suffix) => path.join(directory, 'node_modules', '@anthropic-ai', `claude-code-${suffix}`, name))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error(`Claude Code has no binary for ${process.platform} ${process.arch}.`);
  return found;
}

/** A directory to put on PATH, in which `claude` is {@link claudeBinary} and nothing else is. */
export async function claudeBinDirectory(installation?: Installation): Promise<string> {
  const installed = installation ?? (await ensureInstalled());
  const binary = await claudeBinary(installed);
  const directory = path.join(installed.directory, 'bin');
  await mkdir(directory, { recursive: true });
  const windows = process.platform === 'win32';
  const entry = path.join(directory, windows ? 'claude.cmd' : 'claude');
  if (existsSync(entry)) return directory;
  // Made under another name first, so that a process beside this one never sees half of it.
  const unfinished = `${entry}.${process.pid}.tmp`;
  await rm(unfinished, { force: true });
  if (windows) await writeFile(unfinished, `@"${binary}" %*\r\n`);
  else await symlink(path.relative(directory, binary), unfinished);
  await rename(unfinished, entry);
  return directory;
}

/** npm installs only the C library's own package where it knows the library; if both are there, ask the system. */
function preferMusl(packages: readonly string[]): readonly string[] {
  const musl = existsSync(`/lib/ld-musl-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`);
  return musl ? [...packages].reverse() : packages;
}
