import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keptLauncherSecret } from '../../src/control/launcherSecret.ts';
import { detectCredentials, type Problem } from '../../src/core/credentials.ts';
import { defaultLongestWaitMs } from '../../src/core/longestHold.ts';
import type { Plan } from '../../src/core/plan.ts';
import type {
  AgentAuth,
  EngineConfiguration,
  EngineSnapshot,
  QuotaEngine,
  SharedLedgerStart,
} from '../../src/core/quotaEngine.ts';
import { resolveNetwork } from '../../src/core/upstreamNetwork.ts';
import { systemClock } from '../../src/processes/systemClock.ts';
import { EngineSupervisor, type EngineLife } from '../../src/supervisor/engineSupervisor.ts';
import { startWorkerThread, type EngineThread } from '../../src/supervisor/engineThread.ts';
import { filesBelow } from '../host/filesOnDisk.ts';
import { repositoryRoot } from '../host/paths.ts';

/** The key that stands for the user's own; no agent, file or log line may ever hold it. */
export const realKey = 'sk-ant-api03-the-users-own-key-that-nobody-may-see-REALKEY';

/** An engine in its worker thread, as a window starts it. */
export interface RunningEngine {
  readonly engine: QuotaEngine;
  readonly storageDirectory: string;
  /** Every line that the engine has logged. */
  readonly log: readonly string[];
  readonly lives: readonly EngineLife[];
  /** What the user was told. */
  readonly problems: readonly Problem[];
  /** Opens a session and expects it to be authenticated. */
  open(agentId: string, options?: { readonly waitMs?: number }): Promise<AgentAuth & { kind: 'authenticated' }>;
  /** Goes on with another plan, as after a change of the settings. */
  usePlan(plan: Plan): Promise<void>;
  /** Waits until a snapshot satisfies the condition. */
  until(condition: (snapshot: EngineSnapshot) => boolean, withinMs?: number): Promise<EngineSnapshot>;
  /** Kills the engine's thread, as a crash would. */
  kill(): Promise<void>;
  /** The text of every file that the engine has written, and of its log. */
  everythingWritten(): string;
  /** Ends it, and leaves what it has written for another. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** What of an engine's terms a test sets. */
export type EngineTerms = Partial<
  Pick<EngineConfiguration, 'credentials' | 'dailyTokens' | 'longestWaitMs' | 'reporting'>
>;

/** What an engine is started from; what is left out is as users have it. */
export interface EngineSource {
  /** The modules that its threads run; the bundles when left out. */
  readonly files?: { readonly engine: string; readonly checkpoints: string };
  /** Called with the empty storage directory before the engine is. */
  readonly prepareStorage?: (directory: string) => Promise<unknown>;
  readonly terms?: EngineTerms;
  /** Of an engine that has stopped; an empty one when left out. */
  readonly storageDirectory?: string;
  /** Another than that of an engine that runs beside it. */
  readonly engineId?: string;
  /** How it shares its quota with other machines; alone when left out. */
  readonly sharedLedger?: Omit<SharedLedgerStart, 'script'>;
}

const bundles = {
  engine: path.join(repositoryRoot, 'dist', 'engine.cjs'),
  checkpoints: path.join(repositoryRoot, 'dist', 'checkpoints.cjs'),
};

const sharedLedgerScript = path.join(repositoryRoot, 'dist', 'sharedLedger.cjs');

/** What an engine loads or starts when it is wanted. */
const scripts = {
  transcriptScripts: {
    thread: path.join(repositoryRoot, 'dist', 'transcripts.cjs'),
    reader: path.join(repositoryRoot, 'dist', 'transcriptReader.cjs'),
  },
  priceScript: path.join(repositoryRoot, 'dist', 'prices.cjs'),
  metricsScript: path.join(repositoryRoot, 'dist', 'metrics.cjs'),
};

/** @param upstreamUrl where the user's base URL points; the user's key is {@link realKey}. */
export async function startEngine(
  upstreamUrl: string,
  plan: Plan,
  {
    files = bundles,
    prepareStorage,
    terms,
    storageDirectory: known,
    engineId = 'e2e',
    sharedLedger,
  }: EngineSource = {},
): Promise<RunningEngine> {
  const storageDirectory = known ?? (await mkdtemp(path.join(tmpdir(), 'aq engine ')));
  await prepareStorage?.(storageDirectory);
  const log: string[] = [];
  const lives: EngineLife[] = [];
  const problems: Problem[] = [];
  let thread: EngineThread | undefined;
  const supervisor = new EngineSupervisor({
    start: {
      engineId,
      storageDirectory,
      launcherSecret: await keptLauncherSecret(path.join(storageDirectory, 'sockets')),
      checkpointScript: files.checkpoints,
      ...scripts,
      ...(sharedLedger !== undefined && { sharedLedger: { ...sharedLedger, script: sharedLedgerScript } }),
    },
    startThread: (start) => {
      thread = startWorkerThread(files.engine, start);
      return thread;
    },
    events: {
      snapshotChanged: () => undefined,
      logged: (level, message) => log.push(`${level}: ${message}`),
      problemFound: (problem) => problems.push(problem),
      firstTranscripts: () => undefined,
      keyWanted: () => undefined,
    },
    lifeChanged: (life) => lives.push(life),
    clock: systemClock,
    logger: {
      debug: (message) => log.push(message),
      info: (message) => log.push(message),
      warn: (message) => log.push(message),
      error: (message, cause) => log.push(`${message} ${String(cause)}`),
    },
  });
  const { engine } = supervisor;
  const network = resolveNetwork({ noProxy: [], strictSsl: true, usesProxies: true }, process.env);
  const detected = detectCredentials({
    environment: { ANTHROPIC_API_KEY: realKey, ANTHROPIC_BASE_URL: upstreamUrl },
  });
  const configuration: EngineConfiguration = {
    plan,
    agents: [],
    dailyTokens: 'fallback',
    credentials: detected.credentials,
    credentialProblems: detected.problems,
    network: network.network,
    networkProblems: network.problems,
    inactivityMs: 30 * 60_000,
    longestWaitMs: defaultLongestWaitMs,
    workspace: 'e2e',
    ...terms,
  };
  await engine.configure(configuration);
  return {
    engine,
    storageDirectory,
    log,
    lives,
    problems,
    open: async (agentId, { waitMs } = {}) => {
      const request = { ticket: `${agentId}-${Math.random()}`, agentId, ...(waitMs !== undefined && { waitMs }) };
      const auth = await engine.setupClaudeAgentAuth(request);
      if (auth.kind !== 'authenticated') throw new Error(`${agentId} was not authenticated: ${auth.reason.message}`);
      return auth;
    },
    usePlan: (other) => engine.configure({ ...configuration, plan: other }),
    until: async (condition, withinMs = 5000) => {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const snapshot = await engine.snapshot();
        if (condition(snapshot)) return snapshot;
        if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain; last: ${JSON.stringify(snapshot)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    kill: async () => {
      await thread?.terminate();
    },
    everythingWritten: () => [...filesBelow(storageDirectory).map(({ content }) => content), ...log].join('\n'),
    stop: () => supervisor.dispose(),
    close: async () => {
      await supervisor.dispose();
      await rm(storageDirectory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
