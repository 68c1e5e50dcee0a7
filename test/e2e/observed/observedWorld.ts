import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { maxSubscriptionPlan } from '../../../src/core/plan.ts';
import { launcherVariables } from '../../../src/shared/launcherVariables.ts';
import { startAnthropicStandIn } from '../../fakes/anthropicStandIn.ts';
import { startSimulatedUpstream, type SimulatedUpstream } from '../../fakes/simulatedUpstream.ts';
import type { UpstreamBehaviour } from '../../fakes/upstreamBehaviour.ts';
import { claudeBinary } from '../../host/claudeBinary.ts';
import { repositoryRoot } from '../../host/paths.ts';
import { type ClaudeRun, quietClaudeEnvironment } from '../claudeRun.ts';
import { startEngine, type RunningEngine } from '../runningEngine.ts';
import { startOnPty, type PtyScreen } from './ptyScreen.ts';

/** Claude Code with a login of its own, an engine that observes it, and what stands for Anthropic. */
export interface ObservedWorld {
  readonly upstream: SimulatedUpstream;
  readonly running: RunningEngine;
  /** Where settings are; started in, too. */
  readonly home: string;
  /** Writes a file below the home. @returns its path. */
  write(file: string, content: unknown): Promise<string>;
  /** Claude Code by itself. */
  direct(args: readonly string[]): Promise<ClaudeRun>;
  /**
   * The same by the launcher, as a terminal starts it.
   * @param window another than the world's own. @param configDirectory another than the home's, with a login too.
   */
  observed(args: readonly string[], options?: ObservedOptions): Promise<ClaudeRun>;
  /** Another window beside the first. The caller's to stop. */
  otherWindow(): Promise<RunningEngine>;
  /** Where an agent of the engine reports. */
  readonly observerUrl: string;
  /** @param socket of the engine, in place of its own. */
  onScreen(args: readonly string[], mode: 'direct' | 'observed', socket?: string): Promise<PtyScreen>;
  /** Tells the engine of the 5-hour window as another agent of the login would. */
  tellFiveHours(usedPercentage: number, resetsAt: number): Promise<void>;
  /** Ends the engine, waits for what comes meanwhile, and starts another, at another address. */
  withoutEngine(meanwhile: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface ObservedOptions {
  readonly window?: RunningEngine;
  readonly configDirectory?: string;
}

/** What stands for the user's own login. */
export const login = {
  claudeAiOauth: {
    accessToken: 'sk-ant-oat01-simulated',
    refreshToken: 'sk-ant-ort01-simulated',
    expiresAt: 4_000_000_000_000,
    scopes: ['user:inference', 'user:profile'],
    subscriptionType: 'max',
  },
};

export async function startObservedWorld(
  behaviour: Partial<UpstreamBehaviour> = {},
  { dailyTokens = 100_000_000, concurrentAgents = 8 }: Parameters<typeof maxSubscriptionPlan>[0] = {},
): Promise<ObservedWorld> {
  const upstream = await startSimulatedUpstream({ behaviour, keepBodies: true });
  const standIn = await startAnthropicStandIn(upstream);
  const home = await mkdtemp(path.join(tmpdir(), 'aq home '));
  const start = (storageDirectory?: string, engineId = 'e2e'): Promise<RunningEngine> =>
    startEngine('https://api.anthropic.com', maxSubscriptionPlan({ dailyTokens, concurrentAgents }), {
      terms: { credentials: { kind: 'subscription', source: 'a test', mode: 'observed' } },
      engineId,
      ...(storageDirectory !== undefined && { storageDirectory }),
    });
  let running = await start();
  const { observer } = await running.open('another');
  const { address, home: engines } = await running.engine.launcherEndpoint();
  const claude = await claudeBinary();
  const launcher = path.join(repositoryRoot, 'dist', 'launcher.cjs');
  const environment = {
    PATH: process.env['PATH'] ?? '',
    TERM: 'xterm-256color',
    ...quietClaudeEnvironment(home),
    ...standIn.environment,
    [launcherVariables.socket]: address,
    [launcherVariables.home]: engines,
  };
  const byLauncher = (args: readonly string[]): string[] => [launcher, 'run', '--', claude, ...args];
  const write = async (file: string, content: unknown): Promise<string> => {
    const whole = path.join(home, file);
    await mkdir(path.dirname(whole), { recursive: true });
    await writeFile(whole, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o700 });
    return whole;
  };
  await write('.claude/.credentials.json', login);
  const project = { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true };
  await write('.claude/.claude.json', { hasCompletedOnboarding: true, theme: 'dark', projects: { [home]: project } });
  const run = (
    file: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<ClaudeRun> => runIn(home, { ...environment, ...more }, file, args);
  const inWindow = async ({ engine }: RunningEngine): Promise<Record<string, string>> => {
    const endpoint = await engine.launcherEndpoint();
    return { [launcherVariables.socket]: endpoint.address, [launcherVariables.home]: endpoint.home };
  };
  return {
    upstream,
    get running() {
      return running;
    },
    home,
    write,
    direct: (args) => run(claude, args),
    observed: async (args, { window, configDirectory } = {}) => {
      const more = configDirectory === undefined ? {} : { CLAUDE_CONFIG_DIR: configDirectory };
      return run(process.execPath, byLauncher(args), { ...(window && (await inWindow(window))), ...more });
    },
    otherWindow: () => start(running.storageDirectory, 'another window'),
    observerUrl: observer?.url ?? '',
    onScreen: (args, mode, socket = address) => {
      const [file, all] = mode === 'direct' ? [claude, args] : [process.execPath, byLauncher(args)];
      return startOnPty(file, all, { cwd: home, env: { ...environment, [launcherVariables.socket]: socket } });
    },
    tellFiveHours: async (used_percentage, resetsAt) => {
      const body = JSON.stringify({ rate_limits: { five_hour: { used_percentage, resets_at: resetsAt / 1000 } } });
      const answer = await fetch(`${observer?.url ?? ''}/status-line`, { method: 'POST', body });
      if (!answer.ok) throw new Error(`The status line was answered with ${answer.status}.`);
    },
    withoutEngine: async (meanwhile) => {
      await running.stop();
      await meanwhile();
      running = await start(running.storageDirectory);
    },
    close: async () => {
      await running.close();
      await standIn.close();
      await upstream.close();
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function runIn(
  cwd: string,
  env: Readonly<Record<string, string>>,
  file: string,
  args: readonly string[],
): Promise<ClaudeRun> {
  const startedAt = performance.now();
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr, milliseconds: performance.now() - startedAt });
    });
  });
}
