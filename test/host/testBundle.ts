import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { repositoryRoot, testBundleDirectory } from './paths.ts';

/** Options of {@link bundleTests}. */
export interface BundleOptions {
  /** The directory with `index.ts` and the `*.test.ts` files, by default `test/vscode`. */
  readonly sourceDirectory?: string;
  /** Emptied first; by default `out/test/vscode`. */
  readonly outDirectory?: string;
}

/**
 * Bundles the tests that run inside VS Code and their entry, each into a CommonJS file of its own: VS Code's `require`
 * is what finds the module `vscode`. Returns the entry's path, which is what VS Code calls extensionTestsPath.
 */
export async function bundleTests(options: BundleOptions = {}): Promise<string> {
  const source = options.sourceDirectory ?? path.join(repositoryRoot, 'test', 'vscode');
  const outDirectory = options.outDirectory ?? testBundleDirectory;
  const files = await readdir(source, { recursive: true });
  const tests = files.filter((file) => file.endsWith('.test.ts')).map((file) => path.join(source, file));
  await rm(outDirectory, { recursive: true, force: true });
  await build({
    entryPoints: [path.join(source, 'index.ts'), ...tests],
    outbase: source,
    outdir: outDirectory,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    define: { 'import.meta.dirname': '__dirname' },
    logLevel: 'warning',
  });
  return path.join(outDirectory, 'index.cjs');
}
