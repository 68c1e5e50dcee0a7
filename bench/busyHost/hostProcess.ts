/**
 * Stands for an extension host: starts the engine in a worker or in its own thread, opens a session, prints its overlay
 * as a line of JSON, and keeps its thread busy for as many milliseconds as each line of standard input says.
 */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { apiKeyPlan } from '../../src/core/plan.ts';
import { directNetwork } from '../../src/core/upstreamNetwork.ts';
import { serveEngine } from '../../src/engine.ts';
import { systemClock } from '../../src/processes/systemClock.ts';
import { EngineSupervisor } from '../../src/supervisor/engineSupervisor.ts';
import { startInThread, startWorkerThread } from '../../src/supervisor/engineThread.ts';
import type { HostTask } from './busyHostRound.ts';

const { place, storageDirectory, upstreamUrl } = JSON.parse(process.argv[2] ?? '') as HostTask;
const bundle = (name: string): string => fileURLToPath(new URL(`../../dist/${name}.cjs`, import.meta.url));
const nothing = (): void => undefined;
const supervisor = new EngineSupervisor({
  start: {
    engineId: 'bench',
    storageDirectory,
    launcherSecret: 'launcher secret of a benchmark',
    checkpointScript: bundle('checkpoints'),
  },
  startThread: (start) =>
    place === 'worker' ? startWorkerThread(bundle('engine'), start) : startInThread(serveEngine, start),
  events: {
    snapshotChanged: nothing,
    logged: nothing,
    problemFound: nothing,
    firstTranscripts: nothing,
    keyWanted: nothing,
  },
  lifeChanged: nothing,
  clock: systemClock,
  logger: { debug: nothing, info: nothing, warn: console.error, error: console.error },
});
const { engine } = supervisor;
await engine.configure({
  plan: apiKeyPlan({ tokensPerMinute: 1_000_000 }),
  agents: [],
  dailyTokens: 'fallback',
  credentials: { kind: 'apiKey', key: 'sk-ant-of-a-benchmark', baseUrl: upstreamUrl, source: 'the benchmark' },
  credentialProblems: [],
  network: directNetwork,
  networkProblems: [],
  inactivityMs: 600_000,
  longestWaitMs: 1000,
  workspace: 'bench',
});
const auth = await engine.setupClaudeAgentAuth({ ticket: 'agent', agentId: 'agent', waitMs: 0 });
if (auth.kind !== 'authenticated') throw new Error(auth.reason.message);
console.log(JSON.stringify(auth.overlay));
for await (const line of createInterface({ input: process.stdin })) block(Number(line));
await supervisor.dispose();

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
