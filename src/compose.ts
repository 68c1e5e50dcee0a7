import { randomBytes, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { outsideChanges, shimTargets, socketsOf, terminalCommands } from './composeShims.ts';
import { keptLauncherSecret } from './control/launcherSecret.ts';
import { commands as commandIds } from './contributions.ts';
import { detectCredentials, type DetectedCredentials } from './core/credentials.ts';
import type { Plan } from './core/plan.ts';
import type { EngineStart, LauncherEndpoint, QuotaEngineEvents } from './core/quotaEngine.ts';
import type * as EngineModuleFile from './engine.ts';
import { ApiKeyCommand } from './credentials/apiKeyCommand.ts';
import { type KeyCommandOutcome, runKeyCommand } from './credentials/keyCommandRun.ts';
import { SubscriptionLogin } from './credentials/subscriptionLogin.ts';
import { processAncestors } from './processes/processAncestors.ts';
import { createProcessTable } from './processes/processTable.ts';
import { systemClock } from './processes/systemClock.ts';
import { integratedShells } from './shims/installedShims.ts';
import { EngineSupervisor, type EngineLife } from './supervisor/engineSupervisor.ts';
import { startInThread, startWorkerThread, type EngineThread } from './supervisor/engineThread.ts';
import { ToldOnce } from './told/toldOnce.ts';
import { createAgentQuotaApi, type AgentQuotaApi } from './vscode/agentQuotaApi.ts';
import { AgentTerminals } from './vscode/agentTerminals.ts';
import { channelLogger } from './vscode/channelLogger.ts';
import { ClaudeOutside } from './vscode/claudeOutside.ts';
import { ClaudeAgentTasks } from './vscode/claudeAgentTasks.ts';
import { registerCommands } from './vscode/commandTable.ts';
import { configuredEngine } from './vscode/configuredEngine.ts';
import { DailyTokensQuestion } from './vscode/dailyTokensQuestion.ts';
import { EngineConfigurator } from './vscode/engineConfigurator.ts';
import { Notices } from './vscode/notices.ts';
import type { Claim } from './vscode/quotaNotices.ts';
import { RoutedConsent } from './vscode/routedConsent.ts';
import type { Settings } from './vscode/settings.ts';
import { SettingsReader } from './vscode/settingsReader.ts';
import { SnapshotStore } from './vscode/snapshotStore.ts';
import { TerminalEnvironment } from './vscode/terminalEnvironment.ts';
import { TranscriptProgress } from './vscode/transcriptProgress.ts';
import { WindowApiKey } from './vscode/windowApiKey.ts';
import { createScreen } from './vscode/windowScreen.ts';

/** A window's Agent Quota, and its end. */
export interface Window {
  readonly api: AgentQuotaApi;
  /** Ends everything in reverse order, within a few seconds. */
  dispose(): Promise<void>;
}

type EngineModule = typeof EngineModuleFile;

const clock = systemClock;

/**
 * Builds what a window has of Agent Quota: reading it top to bottom is reading the architecture. An engine that cannot
 * be started leaves the window as it is: it is tried again, and what is wrong is on screen.
 */
export async function composeWindow(context: vscode.ExtensionContext): Promise<Window> {
  const startedAt = clock.now();
  const log = vscode.window.createOutputChannel('Agent Quota', { log: true });
  const notices = new Notices(log);
  const processes = createProcessTable();
  const store = new SnapshotStore(clock);
  const firstTranscripts = new vscode.EventEmitter<number | undefined>();
  const keyCommand = new ApiKeyCommand({ clock, run: runCommand });
  const settings = new SettingsReader((problem) => {
    notices.problemOnce(problem);
  });

  // What terminals and tasks find on their PATH.
  const launcher = { node: process.execPath, script: join(context.extensionPath, 'dist', 'launcher.cjs') };
  const targets = shimTargets(context, launcher);
  const shims = await terminalCommands(context, targets, notices);
  const terminalEnvironment = new TerminalEnvironment(
    context.environmentVariableCollection,
    settings,
    shims,
    socketsOf(context),
  );

  // The engine, in a thread of its own.
  const supervisor = new EngineSupervisor({
    start: engineStart(context, await launcherSecret(context, log), settings.current),
    startThread: (start) => startThread(context, log, start),
    events: engineEvents(log, store, notices, keyCommand, firstTranscripts),
    lifeChanged: (life) => {
      followLife(life, store, terminalEnvironment, context);
    },
    clock,
    logger: channelLogger(log),
  });

  // What the engine is told.
  const windowKey = new WindowApiKey();
  const consent = new RoutedConsent({
    agreed: context.globalState,
    settings,
    notices,
    ask: (text, detail, button) => vscode.window.showWarningMessage(text, { modal: true, detail }, button),
    isFocused: () => vscode.window.state.focused,
    changed: () => void lookForCredentials(),
  });
  const login = new SubscriptionLogin(clock);
  const detect = (): Promise<DetectedCredentials> => detectFrom(settings, windowKey, keyCommand, consent, login);
  const configurator = new EngineConfigurator(supervisor.engine, settings, detect, process.env, notices, clock);
  const lookForCredentials = (): Promise<void> => configurator.send();
  keyCommand.onDidChange(() => void lookForCredentials());
  windowKey.onDidChange(() => void lookForCredentials());
  const consentAsked = vscode.Disposable.from(
    settings.onDidChange(() => void consent.consider()),
    vscode.window.onDidChangeWindowState(() => void consent.consider()),
  );
  notices.offer('no-credentials', { label: 'Set API Key', command: commandIds.setApiKey });
  const engine = configuredEngine(supervisor.engine, () => configurator.told());
  const plan = (): Plan | undefined => configurator.plan;
  const ask = vscode.window.showWarningMessage;
  const toldOnce = new ToldOnce(join(context.globalStorageUri.fsPath, 'told'), clock);
  const claim: Claim = (key, alike) => toldOnce.claim(key, alike);
  const question = new DailyTokensQuestion(context.globalState, settings, plan, notices, ask, claim);

  // What is on screen.
  const told = { question, claim, findAncestors: processAncestors };
  const screen = createScreen({ context, engine, store, settings, notices, clock, ...told });
  const transcriptProgress = new TranscriptProgress(engine, firstTranscripts.event);

  // How agents are started.
  const endpoint = (): Promise<LauncherEndpoint> => engine.launcherEndpoint();
  const shells = { shells: shims?.shells, integrated: integratedShells };
  const terminals = new AgentTerminals(store, { ...launcher, ...shells }, endpoint, notices, clock);
  const tasks = new ClaudeAgentTasks(launcher, endpoint, notices);
  const outside = outsideChanges(context, targets);
  const claude = new ClaudeOutside(outside, process.platform, { notices, asked: context.globalState, claim });
  const own = { extensionId: context.extension.id, windowKey, lookForCredentials };
  const commands = registerCommands({ engine, store, settings, notices, terminals, ...screen, ...own, claude });

  await configurator.send();
  log.info(`Ready after ${clock.now() - startedAt} ms.`);
  void consent.consider();
  void claude.start();
  return {
    api: createAgentQuotaApi(
      engine,
      store,
      settings,
      (pid) => processes.identify(pid),
      (reason) => {
        question.consider(reason);
      },
    ),
    dispose: async () => {
      const asked = [consentAsked, configurator, windowKey, terminalEnvironment, settings, keyCommand];
      for (const part of [commands, claude, tasks, terminals, screen, transcriptProgress, ...asked]) part.dispose();
      await supervisor.dispose();
      for (const part of [firstTranscripts, store, log]) part.dispose();
    },
  };
}

/** Where this window's engine was last, so that agents and launchers that outlived a reload find it again. */
const lastPlace = {
  gatewayPort: 'gatewayPort',
  observerPort: 'observerPort',
  launcherAddress: 'launcherAddress',
} as const;

/** Launchers read it from its file. Where there is none the engine serves all others, and launchers say what is wrong. */
async function launcherSecret(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<string> {
  try {
    return await keptLauncherSecret(socketsOf(context));
  } catch (error) {
    log.error(
      `Agents in terminals and tasks run without quota: the engine's secret cannot be kept (${String(error)}).`,
    );
    return randomBytes(24).toString('base64url');
  }
}

function engineStart(context: vscode.ExtensionContext, launcherSecret: string, settings: Settings): EngineStart {
  const { sharedLedger } = settings;
  const gatewayPort = context.workspaceState.get<unknown>(lastPlace.gatewayPort);
  const observerPort = context.workspaceState.get<unknown>(lastPlace.observerPort);
  const launcherAddress = context.workspaceState.get<unknown>(lastPlace.launcherAddress);
  const script = (name: string): string => join(context.extensionPath, 'dist', `${name}.cjs`);
  return {
    engineId: randomUUID(),
    storageDirectory: context.globalStorageUri.fsPath,
    launcherSecret,
    checkpointScript: script('checkpoints'),
    transcriptScripts: { thread: script('transcripts'), reader: script('transcriptReader') },
    priceScript: script('prices'),
    metricsScript: script('metrics'),
    ...(sharedLedger !== undefined && { sharedLedger: { ...sharedLedger, script: script('sharedLedger') } }),
    ...(typeof gatewayPort === 'number' && { gatewayPort }),
    ...(typeof observerPort === 'number' && { observerPort }),
    ...(typeof launcherAddress === 'string' && { launcherAddress }),
  };
}

function startThread(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, start: EngineStart): EngineThread {
  const bundle = join(context.extensionPath, 'dist', 'engine.cjs');
  try {
    return startWorkerThread(bundle, start);
  } catch (error) {
    log.warn(`No worker thread can be had (${String(error)}), so the engine shares the window's thread.`);
    const { serveEngine } = createRequire(bundle)(bundle) as EngineModule;
    return startInThread(serveEngine, start);
  }
}

function engineEvents(
  log: vscode.LogOutputChannel,
  store: SnapshotStore,
  notices: Notices,
  keyCommand: ApiKeyCommand,
  firstTranscripts: vscode.EventEmitter<number | undefined>,
): QuotaEngineEvents {
  return {
    snapshotChanged: (snapshot) => {
      store.accept(snapshot);
    },
    logged: (level, message) => {
      log[level](message);
    },
    problemFound: (problem) => {
      notices.problemOnce(problem);
    },
    firstTranscripts: (share) => {
      firstTranscripts.fire(share);
    },
    keyWanted: () => {
      keyCommand.wanted();
    },
  };
}

function followLife(
  life: EngineLife,
  store: SnapshotStore,
  terminalEnvironment: TerminalEnvironment,
  context: vscode.ExtensionContext,
): void {
  if (life.kind === 'starting') store.engineStarting();
  if (life.kind === 'running') {
    void context.workspaceState.update(lastPlace.gatewayPort, life.started.gatewayPort);
    void context.workspaceState.update(lastPlace.observerPort, life.started.observerPort);
    void context.workspaceState.update(lastPlace.launcherAddress, life.started.launcherAddress);
    terminalEnvironment.engineAt(life.started.launcherAddress);
  }
  if (life.kind === 'stopped') {
    store.engineStopped({
      code: 'engine-stopped',
      severity: 'error',
      message: `The engine of Agent Quota does not run (${life.cause}).`,
      nextStep: 'Reload the window; the log of Agent Quota says more.',
    });
  }
}

/** The longest that a command for a key may take, in milliseconds: it may ask the user for a password. */
const keyCommandTimeoutMs = 60_000;

function runCommand(line: string, secrets: readonly string[], signal: AbortSignal): Promise<KeyCommandOutcome> {
  const surroundings = { platform: process.platform, environment: process.env, directory: homedir() };
  return runKeyCommand(line, { ...surroundings, timeoutMs: keyCommandTimeoutMs }, secrets, signal);
}

/** Asks no more sources than it has to: a command may want a password of the user. */
async function detectFrom(
  settings: SettingsReader,
  { key }: WindowApiKey,
  keyCommand: ApiKeyCommand,
  { mode }: RoutedConsent,
  login: SubscriptionLogin,
): Promise<DetectedCredentials> {
  const environment = process.env;
  keyCommand.follow(settings.current.apiKeyCommand);
  if (key !== undefined) return detectCredentials({ windowKey: key, environment });
  const command = await keyCommand.current();
  if (command !== undefined) return detectCredentials({ command, environment });
  const places = { environment, platform: process.platform, home: homedir() };
  const subscriptionLogin = await login.find(places);
  return detectCredentials({ environment, subscriptionLogin, subscriptionMode: mode });
}
