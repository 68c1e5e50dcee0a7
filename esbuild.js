// Builds the bundles of the extension into dist/.
//   node esbuild.js [--production] [--watch]
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { context } from 'esbuild';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : 'linked',
  legalComments: 'none',
  logLevel: 'info',
  metafile: true,
  outdir: 'dist',
};
/** VS Code 1.101, the oldest that engines.vscode names, runs Node 22.15. */
const node = {
  ...common,
  platform: 'node',
  format: 'cjs',
  target: 'node22.15',
  outExtension: { '.js': '.cjs' },
  // Its other form looks for its parts by paths that no bundler follows.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
};

/** @type {import('esbuild').BuildOptions[]} */
const bundles = [
  { ...node, entryPoints: ['src/extension.ts'], external: ['vscode'] },
  { ...node, entryPoints: ['src/engine.ts'] },
  { ...node, entryPoints: { checkpoints: 'src/ledger/checkpointThread.ts' } },
  { ...node, entryPoints: { transcripts: 'src/transcripts/transcriptThread.ts' } },
  { ...node, entryPoints: { transcriptReader: 'src/transcripts/transcriptReader.ts' } },
  { ...node, entryPoints: { prices: 'src/prices/listPrices.ts' } },
  { ...node, entryPoints: { metrics: 'src/metrics/startMetrics.ts' } },
  { ...node, entryPoints: { sharedLedger: 'src/sharedLedger.ts' } },
  // The launcher's first lines switch the compile cache on, for the file with all the rest of it.
  {
    ...node,
    entryPoints: { launcher: 'src/launcher/main.ts' },
    supported: { 'dynamic-import': false },
    plugins: [
      {
        name: 'a file of its own',
        setup(build) {
          build.onResolve({ filter: /\/program\.ts$/ }, () => ({ path: './launcherProgram.cjs', external: true }));
        },
      },
    ],
  },
  { ...node, entryPoints: { launcherProgram: 'src/launcher/program.ts' } },
  { ...node, entryPoints: { ledgerAdmin: 'src/postgres/ledgerAdmin.ts' } },
  { ...node, entryPoints: ['src/uninstall.ts'] },
  {
    ...common,
    entryPoints: ['src/webview/dashboard.ts', 'src/webview/dashboard.css'],
    platform: 'browser',
    format: 'iife',
    target: 'chrome134',
  },
];

rmSync('dist', { recursive: true, force: true });
mkdirSync('dist', { recursive: true });
const contexts = await Promise.all(bundles.map((options) => context(options)));
if (watch) {
  await Promise.all(contexts.map((bundle) => bundle.watch()));
} else {
  for (const bundle of contexts) {
    const { metafile } = await bundle.rebuild();
    for (const file of Object.keys(metafile.outputs).filter((name) => !name.endsWith('.map'))) {
      console.log(`${basename(file)}: ${(statSync(file).size / 1024).toFixed(1)} KB`);
    }
    await bundle.dispose();
  }
}
