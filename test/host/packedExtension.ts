import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './paths.ts';

/** A version that any other is older than. */
export const newestVersion = '1000.0.0';

/** What {@link packExtension} is to pack. */
export interface PackedExtensionOptions {
  /** Where the package is put, and the folder that it is made of. */
  readonly parent: string;
  /** Default: the one that package.json says. */
  readonly version?: string;
  /** The built extension, by default as it is in the checkout. */
  readonly built?: string;
}

/** Packs what is built, as it is. @returns the package's file. */
export async function packExtension(options: PackedExtensionOptions): Promise<string> {
  const { parent, version, built = repositoryRoot } = options;
  const folder = await mkdtemp(path.join(parent, 'extension '));
  for (const part of ['dist', 'media']) await cp(path.join(built, part), path.join(folder, part), { recursive: true });
  for (const part of ['README.md', 'CHANGELOG.md', 'LICENSE', '.vscodeignore'])
    await cp(path.join(repositoryRoot, part), path.join(folder, part));
  const manifest = JSON.parse(await readFile(path.join(built, 'package.json'), 'utf8')) as {
    version: string;
    scripts: Record<string, string>;
  };
  // Which would build it anew.
  const { 'vscode:prepublish': _build, ...scripts } = manifest.scripts;
  const packed = { ...manifest, version: version ?? manifest.version, scripts };
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(packed));
  const file = `${folder}.vsix`;
  const vsce = path.join(repositoryRoot, 'node_modules', '@vscode', 'vsce', 'vsce');
  const flags = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '-o', file];
  await promisify(execFile)(process.execPath, [vsce, 'package', ...flags], { cwd: folder });
  return file;
}
