// What the launcher adds to starting an agent: `npm run bench:launcher`, after `npm run build`. The same program is started
// directly and by the launcher in turns, and timed from the start of the process to the first byte that it prints: that
// includes Node's own start, the way to the engine, the session in the SQLite ledger, and the program's process. The last
// line is JSON, in milliseconds. `-- --write` puts the table into bench/README.md.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { apiKeyPlan } from '../src/core/plan.ts';
import { launcherVariables } from '../src/shared/launcherVariables.ts';
import { startEngine } from '../test/e2e/runningEngine.ts';
import { startSimulatedUpstream } from '../test/fakes/simulatedUpstream.ts';
import { machine } from './machine.ts';
import { markdownTable } from './markdownTable.ts';
import { writeReadmeSection } from './readmeSection.ts';

const { values } = parseArgs({ options: { write: { type: 'boolean' } } });
const pairs = 150;
/** The first ones find cold files. */
const warmUp = 10;

interface Start {
  readonly firstByteMs: number;
  readonly endMs: number;
}

const program = [process.execPath, '--version'] as const;
const launcher = path.join(import.meta.dirname, '..', 'dist', 'launcher.cjs');
const upstream = await startSimulatedUpstream();
const running = await startEngine(upstream.url, apiKeyPlan({ concurrentAgents: 8 }));
try {
  const { address, home } = await running.engine.launcherEndpoint();
  const environment = { [launcherVariables.socket]: address, [launcherVariables.home]: home };
  const commands = {
    directly: program,
    launched: [process.execPath, launcher, 'run', '--agent=bench', '--', ...program],
    bareNode: [process.execPath, '-e', 'process.stdout.write("1")'],
  } as const;
  type Kind = keyof typeof commands;
  const kinds = Object.keys(commands) as Kind[];
  const starts: Record<Kind, Start[]> = { directly: [], launched: [], bareNode: [] };
  for (let pair = -warmUp; pair < pairs; pair += 1) {
    for (const kind of pair % 2 === 0 ? kinds : kinds.toReversed()) {
      const start = await run(commands[kind], environment);
      if (pair >= 0) starts[kind].push(start);
    }
  }
  const added = starts.launched.map(
    ({ firstByteMs }, index) => firstByteMs - (starts.directly[index]?.firstByteMs ?? NaN),
  );
  const whole = starts.launched.map(({ endMs }, index) => endMs - (starts.directly[index]?.endMs ?? NaN));
  const row = (name: string, times: readonly number[]): string[] => [
    name,
    ...[0.5, 0.95].map((share) => `${quantile(times, share).toFixed(1)} ms`),
  ];
  const firstBytes = (kind: Kind): number[] => starts[kind].map(({ firstByteMs }) => firstByteMs);
  const table = markdownTable(
    ['', 'median', 'p95'],
    [
      row('the program, started directly', firstBytes('directly')),
      row('an empty Node program', firstBytes('bareNode')),
      row('the program, started by the launcher', firstBytes('launched')),
      row('added by the launcher', added),
      row('added until the end of the process', whole),
    ],
  );
  const report = `${table}\n\n${machine()}`;
  console.log(report);
  if (values.write === true) writeReadmeSection('bench:launcher', report);
  console.log(JSON.stringify({ addedMs: quantile(added, 0.5), addedP95Ms: quantile(added, 0.95) }));
} finally {
  await running.close();
  await upstream.close();
}

/** Runs a command to its end. @throws when it fails, or runs without a session. */
function run([file, ...args]: readonly [string, ...string[]], environment: Record<string, string>): Promise<Start> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(file, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let firstByteMs: number | undefined;
    let said = '';
    child.stdout.on('data', () => {
      firstByteMs ??= performance.now() - startedAt;
    });
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0 && said === '' && firstByteMs !== undefined) {
        resolve({ firstByteMs, endMs: performance.now() - startedAt });
      } else {
        reject(new Error(`${file} ended with ${String(code)} and said: ${said}`));
      }
    });
  });
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length * share)] ?? NaN) * 100) / 100;
}
