// The engine of the soak test in a process of its own, in that process's one thread, so that its memory can be measured
// to the byte: `node --expose-gc soakEngine.ts UPSTREAM_URL`, spoken to over IPC.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createBirpc } from 'birpc';
import { detectCredentials } from '../../../src/core/credentials.ts';
import { defaultLongestWaitMs } from '../../../src/core/longestHold.ts';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import { serveEngine } from '../../../src/engine.ts';
import { systemClock } from '../../../src/processes/systemClock.ts';
import { overlayVariables as names } from '../../../src/shared/overlayVariables.ts';
import { EngineSupervisor } from '../../../src/supervisor/engineSupervisor.ts';
import { startInThread } from '../../../src/supervisor/engineThread.ts';
import { repositoryRoot } from '../../host/paths.ts';
import { realKey } from '../runningEngine.ts';
import type { SoakEngineFunctions } from './soakFunctions.ts';
import { soakAgentRules, soakPlan } from './soakPlan.ts';

const [upstreamUrl = ''] = process.argv.slice(2);
const storageDirectory = mkdtempSync(path.join(tmpdir(), 'aq soak '));
/** The supervisor's own failures; what the engine logs is not kept, as it would be memory that grows. */
const complain = (message: string, cause?: unknown): void => {
  console.error(message, cause ?? '');
};
const supervisor = new EngineSupervisor({
  start: {
    engineId: 'soak',
    storageDirectory,
    launcherSecret: 'launcher-secret-for-tests',
    checkpointScript: path.join(repositoryRoot, 'src', 'ledger', 'checkpointThread.ts'),
  },
  startThread: (start) => startInThread(serveEngine, start),
  events: {
    snapshotChanged: () => undefined,
    logged: (level, message) => {
      if (level === 'error') complain(message);
    },
    problemFound: ({ message }) => {
      complain(message);
    },
    firstTranscripts: () => undefined,
    keyWanted: () => undefined,
  },
  lifeChanged: () => undefined,
  clock: systemClock,
  logger: { debug: () => undefined, info: () => undefined, warn: complain, error: complain },
});
const { engine } = supervisor;
const detected = detectCredentials({
  environment: { ANTHROPIC_API_KEY: realKey, ANTHROPIC_BASE_URL: upstreamUrl },
});
await engine.configure({
  plan: soakPlan,
  agents: soakAgentRules,
  dailyTokens: 'fallback',
  credentials: detected.credentials,
  credentialProblems: detected.problems,
  network: directNetwork,
  networkProblems: [],
  inactivityMs: 30 * 60_000,
  longestWaitMs: defaultLongestWaitMs,
  workspace: 'soak',
});

let tickets = 0;
const functions: SoakEngineFunctions = {
  open: async (agentId) => {
    tickets += 1;
    const auth = await engine.setupClaudeAgentAuth({ ticket: `ticket-${tickets}`, agentId });
    if (auth.kind !== 'authenticated') throw new Error(`${agentId}: ${auth.reason.message}`);
    const [url, token] = [auth.overlay[names.anthropicBaseUrl], auth.overlay[names.anthropicApiKey]];
    if (typeof url !== 'string' || typeof token !== 'string') throw new Error('The overlay is not whole.');
    return { sessionId: auth.sessionId, url, token };
  },
  release: async (sessionId) => {
    await engine.releaseSession(sessionId);
  },
  measure: async () => {
    const { sessions } = await engine.snapshot();
    collectGarbage();
    const { heapUsed, external, rss } = process.memoryUsage();
    return {
      heapBytes: heapUsed,
      externalBytes: external,
      residentBytes: rss,
      descriptors: openDescriptors(),
      waitingRequests: sessions.reduce((sum, { waitingRequests }) => sum + waitingRequests, 0),
      runningRequests: sessions.reduce((sum, { runningRequests }) => sum + runningRequests, 0),
      sessions: sessions.length,
    };
  },
  ledgerFile: () => path.join(storageDirectory, 'ledger.sqlite'),
};

/** The test has ended, well or not. */
async function end(): Promise<void> {
  await supervisor.dispose();
  rmSync(storageDirectory, { recursive: true, force: true, maxRetries: 5 });
  process.exit();
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('Start this with --expose-gc.');
  globalThis.gc();
}

const directories = new Map<NodeJS.Platform, string>([
  ['linux', '/proc/self/fd'],
  ['darwin', '/dev/fd'],
]);

function openDescriptors(): number {
  const directory = directories.get(process.platform);
  return directory === undefined ? process.getActiveResourcesInfo().length : readdirSync(directory).length;
}

createBirpc<object, SoakEngineFunctions>(functions, {
  post: (message) => process.send?.(message),
  on: (receive) => process.on('message', receive),
  timeout: -1,
});
process.on('disconnect', () => void end());
process.send?.('ready');
