import { hash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isMainThread, parentPort, threadId, workerData, type MessagePort } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import { launcherQueries } from './control/launcherQueries.ts';
import { launcherSessions } from './control/launcherSessions.ts';
import { startControlServer } from './control/controlServer.ts';
import { AgentAuthCoordinator } from './core/agentAuthCoordinator.ts';
import { ClaudeQuotaManager } from './core/claudeQuotaManager.ts';
import type { Credentials, Problem } from './core/credentials.ts';
import { CurrentUpstream } from './core/currentUpstream.ts';
import { FirstConfiguration } from './core/firstConfiguration.ts';
import { Listeners } from './core/listeners.ts';
import { LocalEngine } from './core/localEngine.ts';
import { apiKeyPlan } from './core/plan.ts';
import type {
  AuthTest,
  EngineFunctions,
  EngineStart,
  EngineStarted,
  QuotaEngine,
  QuotaEngineEvents,
} from './core/quotaEngine.ts';
import type { SecretSource } from './core/secretSource.ts';
import { tokenEnding } from './shared/sessionToken.ts';
import type { LineListener } from './core/slotQueue.ts';
import { windowLogger } from './core/windowLogger.ts';
import { buildObserver } from './engineObserver.ts';
import { buildMetrics, buildUsageReports } from './engineReports.ts';
import { testAuthentication, testRoute } from './gateway/authenticationTest.ts';
import { startGateway } from './gateway/gateway.ts';
import { metricsPath } from './gateway/metricsPage.ts';
import { createUpstreamConnections, type UpstreamConnections } from './gateway/upstreamConnections.ts';
import { sharedLedgerOf } from './engineSharedLedger.ts';
import { newId } from './core/newId.ts';
import { openLedger } from './ledger/openLedger.ts';
import { watchForFile } from './ledger/reopenableFile.ts';
import { createProcessTable } from './processes/processTable.ts';
import { systemClock } from './processes/systemClock.ts';

interface BuiltEngine {
  readonly engine: QuotaEngine;
  readonly started: EngineStarted;
  readonly close: () => Promise<void>;
}

const clock = systemClock;

const secrets: SecretSource = {
  token: () => `sk-aq-${randomBytes(24).toString('base64url')}${tokenEnding}`,
  id: newId,
  hash: (token) => hash('sha256', token, 'base64url'),
};

/**
 * Builds the engine: reading it top to bottom is reading how its parts hang together.
 * @param die ends this engine, for its window to start another.
 */
async function buildEngine(start: EngineStart, window: QuotaEngineEvents, die: () => void): Promise<BuiltEngine> {
  const logger = windowLogger(window);
  const { engineId } = start;
  const processes = createProcessTable();
  const ownProcess = processes.identify(process.pid);
  const { ledger, kept, booked, tryFile } = await openLedger(start.storageDirectory, logger, {
    damage: {
      found: (problem) => {
        logger.warn(`${problem.message} ${problem.nextStep}`);
        window.problemFound(problem);
      },
      lost: die,
    },
    checkpointScript: start.checkpointScript,
    ...(start.sharedLedger !== undefined && { build: sharedLedgerOf(start.sharedLedger, logger) }),
  });
  await ledger.join(engineId, ownProcess, clock.now());

  const mayLeave = async (): Promise<boolean> =>
    (await ledger.liveSessions()).every(({ mode }) => mode === 'unauthenticated');
  const sessionsMayReturn = tryFile !== undefined;
  const stopWatching = tryFile && watchForFile({ clock, tryFile, mayLeave, reopened: die });

  const parts = { ledger, clock, secrets, logger, engineId };
  const manager = new ClaudeQuotaManager(apiKeyPlan(), parts);
  const upstream = new CurrentUpstream();
  const configured = new FirstConfiguration(clock);
  const tellOfRejection = (problem: Problem): void => {
    if (problem.code === 'key-rejected') window.keyWanted();
  };
  const connections = createUpstreamConnections(() => upstream.network);
  const { reports, transcripts } = buildUsageReports({ start, ledger, booked, window, clock, logger });
  const metrics = buildMetrics(start, logger, {
    signals: manager.signals,
    agentOf: (sessionId) => engine.agentOf(sessionId),
    snapshot: () => engine.snapshot(),
    prices: () => reports.prices,
  });
  // Like the launchers' secret it outlives a reload, and tells nothing of that one.
  const metricsToken = secrets.hash(`metrics ${start.launcherSecret}`);
  const startsGateway = startGateway({
    admission: manager,
    upstream: () => upstream.target,
    keyWanted: () => {
      if (upstream.keyMayCome) window.keyWanted();
      return upstream.keyMayCome;
    },
    configured,
    sessionsMayReturn,
    connections,
    logger,
    clock,
    metrics: { token: metricsToken, isOn: () => metrics.isScraped, text: () => metrics.text() },
    onUpstreamHealth: (health) => {
      upstream.trouble(health.kind === 'troubled' ? health.problem : undefined);
      if (health.kind === 'troubled') tellOfRejection(health.problem);
    },
    ...(start.gatewayPort !== undefined && { port: start.gatewayPort }),
  });

  const buildsObserver = buildObserver({
    ...{ manager, ledger, upstream, configured, sessionsMayReturn, clock, logger },
    secret: start.launcherSecret,
    port: start.observerPort,
  });
  // Each may have to wait for the port that its agents know.
  const [gateway, observer] = await Promise.all([startsGateway, buildsObserver]);

  const line = new Listeners<Parameters<LineListener>>();
  const coordinator = new AgentAuthCoordinator({
    ...parts,
    manager,
    processes,
    ownProcess,
    gatewayUrl: () => gateway.url,
    observerUrl: (token) => observer.urlOf(token),
    noProxy: process.env['NO_PROXY'] ?? process.env['no_proxy'],
    environment: process.env,
    testCredentials: async (credentials) => {
      const test = await testCredentials(credentials, connections);
      if (test.kind === 'fails') tellOfRejection(test.problem);
      return test;
    },
    upstream,
    configured,
    sessionsMayReturn,
    kept,
    lineMoved: line.tell,
    problemFound: window.problemFound,
  });
  const home = join(start.storageDirectory, 'sockets');
  const engine: LocalEngine = new LocalEngine({
    ...parts,
    reports,
    metrics,
    metricsEndpoint: { url: `${gateway.url}${metricsPath}`, token: metricsToken },
    manager,
    coordinator,
    upstream,
    kept,
    gatewayUrl: gateway.url,
    launcher: () => ({ address: control.address, home }),
    window,
  });
  const control = await startControlServer({
    directory: home,
    platform: process.platform,
    secret: start.launcherSecret,
    sessions: launcherSessions(coordinator, line, clock, observer.port),
    queries: () => launcherQueries(engine),
    processTable: processes,
    logger,
    ...(start.launcherAddress !== undefined && { address: start.launcherAddress }),
  });

  const place = isMainThread ? 'the window itself' : `worker ${threadId}`;
  logger.info(`The engine runs in ${place}: gateway ${gateway.url}, ledger in ${kept.kind}.`);
  return {
    engine,
    started: { gatewayPort: gateway.port, observerPort: observer.port, launcherAddress: control.address },
    close: async () => {
      stopWatching?.();
      engine.dispose();
      const parts: readonly (() => Promise<unknown>)[] = [
        () => control.close(),
        // Before what may take its time: agents come back to these ports, which the next engine can have only then.
        () => Promise.all([gateway.close(), observer.close()]),
        () => coordinator.dispose(),
        () => transcripts.close(),
        () => metrics.close(),
        () => connections.destroy(),
        () => {
          manager.dispose();
          return ledger.close();
        },
      ];
      for (const end of parts) {
        // What one part cannot end, such as a ledger that is busy, must not keep the others open.
        await end().catch((error: unknown) => {
          logger.error('A part of the engine could not be ended.', error);
        });
      }
    },
  };
}

/** Answers one window over a port until the port is closed. */
export function serveEngine(port: MessagePort, start: EngineStart): void {
  let built: Promise<BuiltEngine> | undefined;
  const engine = async (): Promise<QuotaEngine> => {
    if (built === undefined) throw new Error('The engine has not been started.');
    return (await built).engine;
  };
  const close = async (): Promise<void> => {
    const closing = built;
    built = undefined;
    await (await closing)?.close();
  };
  // In a worker the thread ends with its port; in the window's own thread the engine has to be ended.
  port.on('close', () => {
    close().catch(() => undefined);
  });
  const die = (): void => {
    if (isMainThread) port.close();
    else process.exit(1);
  };
  const functions: EngineFunctions = {
    start: async () => {
      built ??= buildEngine(start, windowEvents, die);
      return (await built).started;
    },
    close,
    configure: async (...args) => (await engine()).configure(...args),
    setupClaudeAgentAuth: async (...args) => (await engine()).setupClaudeAgentAuth(...args),
    giveUp: async (...args) => (await engine()).giveUp(...args),
    startWithoutQuota: async (...args) => (await engine()).startWithoutQuota(...args),
    attachProcess: async (...args) => (await engine()).attachProcess(...args),
    steerSession: async (...args) => (await engine()).steerSession(...args),
    releaseAgentAuth: async (...args) => (await engine()).releaseAgentAuth(...args),
    releaseSession: async (...args) => (await engine()).releaseSession(...args),
    checkAuthHealth: async () => (await engine()).checkAuthHealth(),
    getActiveAgents: async () => (await engine()).getActiveAgents(),
    cleanupInactiveAgents: async (...args) => (await engine()).cleanupInactiveAgents(...args),
    testAuthentication: async () => (await engine()).testAuthentication(),
    snapshot: async () => (await engine()).snapshot(),
    history: async (...args) => (await engine()).history(...args),
    stopReadingTranscripts: async () => (await engine()).stopReadingTranscripts(),
    events: async (...args) => (await engine()).events(...args),
    metricsEndpoint: async () => (await engine()).metricsEndpoint(),
    launcherEndpoint: async () => (await engine()).launcherEndpoint(),
  };
  const rpc = createBirpc<QuotaEngineEvents, EngineFunctions>(functions, {
    post: (message) => {
      port.postMessage(message);
    },
    on: (receive) => {
      port.on('message', receive);
    },
    eventNames: ['snapshotChanged', 'logged', 'problemFound', 'firstTranscripts', 'keyWanted'],
  });
  const windowEvents: QuotaEngineEvents = {
    snapshotChanged: (snapshot) => void rpc.snapshotChanged.asEvent(snapshot),
    logged: (level, message) => void rpc.logged.asEvent(level, message),
    problemFound: (problem) => void rpc.problemFound.asEvent(problem),
    firstTranscripts: (share) => void rpc.firstTranscripts.asEvent(share),
    keyWanted: () => void rpc.keyWanted.asEvent(),
  };
}

function testCredentials(credentials: Credentials, connections: UpstreamConnections): Promise<AuthTest> {
  if (credentials.kind === 'apiKey') return testAuthentication(credentials, connections);
  if (credentials.kind === 'subscription') {
    const { source, mode } = credentials;
    return mode === 'routed'
      ? testRoute(credentials, connections)
      : Promise.resolve({ kind: 'subscription', source, mode });
  }
  throw new Error('There are no credentials to test.');
}

if (!isMainThread && parentPort !== null && isEngineStart(workerData)) serveEngine(parentPort, workerData);

function isEngineStart(data: unknown): data is EngineStart {
  return typeof data === 'object' && data !== null && 'engineId' in data && 'launcherSecret' in data;
}
