/*
 * `npm start`: a real VS Code with the extension on the sample workspace, on a simulated upstream.
 *
 * --live   the user's own credentials instead of the simulated upstream
 * --once   drives the window itself, prints what was metered and counted, and ends; so it does without a terminal
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import open from 'open';
import { startSimulatedUpstreamProcess, type SimulatedUpstreamProcess } from '../fakes/simulatedUpstreamProcess.ts';
import { simulatedEnvironment } from '../host/simulatedEnvironment.ts';
import { repositoryRoot } from '../host/paths.ts';
import { runSample, type SampleRun } from './sampleRun.ts';
import { printSessions } from './sessionLines.ts';
import { openWindow, type StartedWindow } from './startedWindow.ts';

const simulatedKey = 'sk-ant-simulated-key-for-the-sample';

/** Answers that take a few seconds, so that there is something to see. */
const unhurried = { delays: { beforeHeadersMs: 500, betweenEventsMs: 400 }, deltaEvents: 8, outputTokens: 120 };

const { values: flags } = parseArgs({ options: { live: { type: 'boolean' }, once: { type: 'boolean' } } });
const live = flags.live === true;
const once = flags.once === true || !process.stdout.isTTY;
if (live && once) {
  console.error(
    '--live needs a terminal and a person: it uses your own credentials, and its counts cannot be compared.',
  );
  process.exit(64);
}

await build();
const base = await mkdtemp(path.join(tmpdir(), 'aq-start-'));
let upstream: SimulatedUpstreamProcess | undefined;
let window: StartedWindow | undefined;
try {
  const workspaceFolder = path.join(base, 'sample');
  await cp(path.join(repositoryRoot, 'test', 'sample'), workspaceFolder, { recursive: true });
  if (!live)
    upstream = await startSimulatedUpstreamProcess({ behaviour: { acceptedKeys: [simulatedKey], ...unhurried } });
  window = await openWindow({
    workspaceFolder,
    userDataDir: path.join(base, 'user'),
    title: upstream === undefined ? 'live' : 'simulated upstream',
    env: upstream === undefined ? {} : await simulatedEnvironment(upstream.url, simulatedKey, path.join(base, 'home')),
    desktop: !once,
  });
  console.log(
    upstream === undefined
      ? '\nLIVE: agents use your own credentials.'
      : `\nSIMULATED UPSTREAM at ${upstream.url}: nothing leaves this machine, and no real key is used.`,
  );
  const stopPrinting = printSessions(window.ledgerFile, (line) => {
    console.log(line);
  });
  if (once && upstream !== undefined && window.url !== undefined) {
    const run = await runSample(window.url, window.ledgerFile, upstream.url);
    stopPrinting();
    process.exitCode = report(run) ? 0 : 1;
  } else {
    if (window.url !== undefined) {
      console.log(`\nVS Code is at ${window.url}`);
      await open(window.url).catch(() => undefined);
    }
    console.log('Run the build task (Ctrl+Shift+B) to start three agents. Ctrl+C here ends everything.\n');
    await Promise.race([window.exited, interrupted()]);
    stopPrinting();
  }
} finally {
  await window?.stop();
  await upstream?.close();
  await rm(base, { recursive: true, force: true, maxRetries: 5 });
}

async function build(): Promise<void> {
  console.log('Building the extension…');
  const child = spawn(process.execPath, [path.join(repositoryRoot, 'esbuild.js')], { stdio: 'inherit' });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error('The build failed.');
}

/** @returns whether every session, and all of them together, were metered as the upstream counted. */
function report({ rows, countedInAll, screenshot }: SampleRun): boolean {
  const table = rows.map(({ agentId, sessionId, metered, counted }) => ({
    agent: agentId,
    session: sessionId,
    'tokens metered': metered,
    'tokens the upstream counted': counted,
  }));
  console.log();
  console.table(table);
  const meteredInAll = rows.reduce((sum, { metered }) => sum + metered, 0);
  console.log(`In all: ${meteredInAll} tokens metered, ${countedInAll} counted by the upstream.`);
  console.log(`Screenshot: ${path.relative(process.cwd(), screenshot)}`);
  const equal =
    meteredInAll === countedInAll && rows.every(({ metered, counted }) => metered === counted && metered > 0);
  console.log(equal ? 'Both counts are the same.' : 'THE COUNTS DIFFER.');
  return equal;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}
