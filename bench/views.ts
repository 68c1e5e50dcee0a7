/**
 * `npm run bench:views`: what the views cost, in a real VS Code. `--write` puts the table into bench/README.md,
 * `--sessions N` shows as many.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startSimulatedUpstreamProcess } from '../test/fakes/simulatedUpstreamProcess.ts';
import { copyExtension } from '../test/host/extensionCopy.ts';
import { repositoryRoot } from '../test/host/paths.ts';
import { bundleTests } from '../test/host/testBundle.ts';
import { runTestsInVsCode } from '../test/host/vsCodeTests.ts';
import { median } from './ledger/latencies.ts';
import { machine } from './machine.ts';
import { markdownTable } from './markdownTable.ts';
import { writeReadmeSection } from './readmeSection.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean' }, sessions: { type: 'string', default: '300' } } });
const stallsSchema = z.array(z.object({ host: z.number(), page: z.number() }));
const dashboardSchema = z.object({
  firstPaintMs: z.array(z.number()).min(1),
  bareFirstPaintMs: z.array(z.number()).min(1),
  updateMsPerSecond: z.number(),
  updatesPerSecond: z.number().positive(),
  axeViolations: z.number(),
});

const base = await mkdtemp(path.join(tmpdir(), 'aq-views-'));
const key = 'sk-ant-simulated-key-for-the-benchmark';
const upstream = await startSimulatedUpstreamProcess({ behaviour: { acceptedKeys: [key] } });
try {
  const [workspaceFolder, userDataDir] = [path.join(base, 'workspace'), path.join(base, 'user')];
  for (const folder of [workspaceFolder, userDataDir]) await mkdir(folder);
  const figures = path.join(base, 'figures.json');
  const dashboardFigures = path.join(base, 'dashboard.json');
  const sourceDirectory = path.join(import.meta.dirname, 'views');
  const totals = await runTestsInVsCode({
    workspaceFolder,
    userDataDir,
    extensionPaths: [await copyExtension(base)],
    testsPath: await bundleTests({ sourceDirectory, outDirectory: path.join(repositoryRoot, 'out', 'bench', 'views') }),
    env: {
      ANTHROPIC_API_KEY: key,
      CLAUDE_API_KEY: undefined,
      ANTHROPIC_BASE_URL: upstream.url,
      CLAUDE_BASE_URL: undefined,
      CLAUDE_CONFIG_DIR: path.join(base, '.claude'),
      AGENT_QUOTA_BENCH_FILE: figures,
      AGENT_QUOTA_BENCH_DASHBOARD: dashboardFigures,
      AGENT_QUOTA_BENCH_SESSIONS: values.sessions,
    },
  });
  if (totals.failed > 0) throw new Error('The views could not be measured.');
  const stalls = stallsSchema.parse(JSON.parse(await readFile(figures, 'utf8')));
  const dashboard = dashboardSchema.parse(JSON.parse(await readFile(dashboardFigures, 'utf8')));
  const summary = {
    dashboardFirstPaintMs: round(median(dashboard.firstPaintMs)),
    updateMsPerSecond: round(dashboard.updateMsPerSecond),
    treeRefreshMs: round(median(stalls.map(({ host, page }) => Math.max(host, page)))),
    axeViolations: dashboard.axeViolations,
    activationMs: await activationMs(userDataDir),
    mainBundleKB: round((await stat(path.join(repositoryRoot, 'dist', 'extension.cjs'))).size / 1024),
    vsixKB: round((await vsixBytes(base)) / 1024),
  };
  const table = markdownTable(
    ['what', 'figure'],
    [
      [
        `all ${values.sessions} rows of the tree are drawn anew: the longest that extension host or page stand still`,
        `${summary.treeRefreshMs} ms`,
      ],
      [
        `the dashboard’s first paint with ${values.sessions} sessions, from the beginning of its page`,
        `${summary.dashboardFirstPaintMs} ms`,
      ],
      ['the same of a page with one word, in turns with it', `${round(median(dashboard.bareFirstPaintMs))} ms`],
      [
        `the dashboard’s updates in a second (${round(dashboard.updatesPerSecond)}), the frames after them included`,
        `${summary.updateMsPerSecond} ms`,
      ],
      ['what axe finds on it in light, dark and high contrast', `${summary.axeViolations} violations`],
      ['activation, engine included', `${summary.activationMs} ms`],
      ['the window’s bundle', `${summary.mainBundleKB} KB`],
      ['the package', `${summary.vsixKB} KB`],
    ],
  );
  const report = `${table}\n\n${machine()}`;
  console.log(report);
  if (values.write === true) writeReadmeSection('bench:views', report);
  console.log(JSON.stringify(summary));
} finally {
  await upstream.close();
  await rm(base, { recursive: true, force: true, maxRetries: 5 });
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** As the extension's own log has it. */
async function activationMs(userDataDir: string): Promise<number> {
  const files = await readdir(userDataDir, { recursive: true });
  for (const file of files.filter((name) => name.endsWith('Agent Quota.log'))) {
    const found = /Ready after (\d+) ms/.exec(await readFile(path.join(userDataDir, file), 'utf8'))?.[1];
    if (found !== undefined) return Number(found);
  }
  throw new Error('The log does not say how long the activation took.');
}

/** Packs the extension as it would be published. */
async function vsixBytes(directory: string): Promise<number> {
  const file = path.join(directory, 'agent-quota.vsix');
  const packed = spawnSync('npm', ['run', 'package', '--', '--out', file], {
    cwd: repositoryRoot,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (packed.status !== 0) throw new Error(`The package could not be made:\n${packed.stdout}${packed.stderr}`);
  return (await stat(file)).size;
}
