import type { RecentEvent } from '../shared/recentEvent.ts';
import type { HistoryQuery, UsageHistory } from '../shared/usageHistory.ts';
import type { AgentAuthCoordinator } from './agentAuthCoordinator.ts';
import { recordsOf } from './agentRecords.ts';
import type { ClaudeQuotaManager } from './claudeQuotaManager.ts';
import type { QuotaManagerParts } from './quotaManagerParts.ts';
import type { CurrentUpstream } from './currentUpstream.ts';
import { InOrder } from './inOrder.ts';
import { LimitPaces } from './limitPaces.ts';
import type {
  AgentAuth,
  AgentRecord,
  AgentRequest,
  AuthHealth,
  AuthTest,
  EngineConfiguration,
  EngineSnapshot,
  LauncherEndpoint,
  MetricsEndpoint,
  QuotaEngine,
  QuotaEngineEvents,
} from './quotaEngine.ts';
import type { QuotaTerms } from './quotaTerms.ts';
import type { MetricsSwitch } from './metricsSwitch.ts';
import { RecentEvents } from './recentEvents.ts';
import { noReporting } from './reporting.ts';
import type { SecretSource } from './secretSource.ts';
import type { ProcessIdentity, SessionSteering } from './session.ts';
import { SessionPaces } from './sessionPaces.ts';
import { SnapshotPublisher } from './snapshotPublisher.ts';
import type { UsageReports } from './usageReports.ts';

/** What the engine's face stands before. */
export interface LocalEngineParts extends QuotaManagerParts {
  readonly manager: ClaudeQuotaManager;
  readonly coordinator: AgentAuthCoordinator;
  readonly upstream: CurrentUpstream;
  readonly kept: EngineSnapshot['ledger'];
  readonly gatewayUrl: string;
  /** Known once the control socket is there. */
  readonly launcher: () => LauncherEndpoint;
  readonly reports: UsageReports;
  readonly metrics: MetricsSwitch;
  readonly metricsEndpoint: MetricsEndpoint;
  readonly window: QuotaEngineEvents;
}

/** The engine as its window calls it. It passes on and composes snapshots; it decides nothing. */
export class LocalEngine implements QuotaEngine {
  readonly #parts: LocalEngineParts;
  readonly #publisher: SnapshotPublisher;
  readonly #stopListening: readonly (() => void)[];
  readonly #events: RecentEvents;
  readonly #sessionPaces = new SessionPaces();
  readonly #limitPaces = new LimitPaces();
  readonly #startedAt: number;
  #inactivityMs: number | undefined;
  readonly #configurations = new InOrder();
  #hasMovedNetwork = false;

  constructor(parts: LocalEngineParts) {
    this.#parts = parts;
    const { ledger, clock, logger, manager, window } = parts;
    this.#startedAt = clock.now();
    this.#events = new RecentEvents(manager.signals, clock);
    this.#publisher = new SnapshotPublisher(
      clock,
      () => this.snapshot(),
      window.snapshotChanged,
      (error) => {
        logger.error('What is on screen could not be brought up to date.', error);
      },
    );
    const changed = (): void => {
      this.#publisher.changed();
    };
    this.#stopListening = [ledger.onChange(changed), parts.upstream.onTrouble(changed)];
  }

  /** One after the other: the last one that is told is the one that holds. */
  configure(configuration: EngineConfiguration): Promise<void> {
    return this.#configurations.run(() => this.#configure(configuration));
  }

  async #configure(configuration: EngineConfiguration): Promise<void> {
    const { manager, coordinator, upstream, reports, metrics, secrets } = this.#parts;
    if (upstream.follow(configuration.credentials, configuration.network)) this.#hasMovedNetwork = true;
    await manager.configure(termsOf(configuration, secrets), configuration.longestWaitMs);
    coordinator.configure(configuration);
    const { reporting = noReporting } = configuration;
    reports.configure(reporting);
    metrics.configure(reporting);
    this.#inactivityMs = configuration.inactivityMs;
    if (this.#hasMovedNetwork) coordinator.networkChanged();
    this.#hasMovedNetwork = false;
    this.#publisher.changed();
  }

  setupClaudeAgentAuth(request: AgentRequest): Promise<AgentAuth> {
    return this.#parts.coordinator.setupClaudeAgentAuth(request);
  }

  giveUp(ticket: string): Promise<void> {
    return this.#parts.coordinator.giveUp(ticket);
  }

  startWithoutQuota(ticket: string): Promise<void> {
    return this.#parts.coordinator.startWithoutQuota(ticket);
  }

  attachProcess(sessionId: string, process: ProcessIdentity): Promise<void> {
    return this.#parts.coordinator.attachProcess(sessionId, process);
  }

  releaseAgentAuth(agentId: string): Promise<number> {
    return this.#parts.coordinator.releaseAgentAuth(agentId);
  }

  releaseSession(sessionId: string): Promise<boolean> {
    return this.#parts.coordinator.releaseSession(sessionId);
  }

  async steerSession(sessionId: string, steering: SessionSteering): Promise<boolean> {
    return (await this.#parts.manager.steer(sessionId, steering)) !== undefined;
  }

  checkAuthHealth(): Promise<AuthHealth> {
    return this.#parts.coordinator.checkAuthHealth();
  }

  getActiveAgents(): Promise<AgentRecord[]> {
    return this.#parts.coordinator.getActiveAgents();
  }

  cleanupInactiveAgents(durationMs: number): Promise<AgentRecord[]> {
    return this.#parts.coordinator.cleanupInactiveAgents(durationMs);
  }

  /** How long a session may do nothing, in milliseconds; undefined while the window has not said. */
  get inactivityMs(): number | undefined {
    return this.#inactivityMs;
  }

  async testAuthentication(): Promise<AuthTest> {
    const test = await this.#parts.coordinator.testAuthentication();
    this.#publisher.changed();
    return test;
  }

  async snapshot(): Promise<EngineSnapshot> {
    const { manager, coordinator, clock, reports, gatewayUrl, kept } = this.#parts;
    const { plan, planId } = manager;
    const view = await manager.view();
    const health = await coordinator.checkAuthHealth(view);
    const now = clock.now();
    this.#events.look(view, health.problems, planId);
    reports.look(view.sessions);
    const paces = this.#sessionPaces.take(view.sessions, now);
    return {
      at: now,
      plan,
      planId,
      status: view.status,
      sessions: recordsOf(view).map((record) => {
        const cost = reports.costOf(record.sessionId);
        const tokensPerMinute = paces.get(record.sessionId) ?? 0;
        return { ...record, tokensPerMinute, ...(cost !== undefined && { cost }) };
      }),
      line: view.line,
      ownTickets: coordinator.waiting(),
      usedToday: view.usedToday,
      tokensPerMinute: [...paces.values()].reduce((sum, pace) => sum + pace, 0),
      projections: this.#limitPaces.take(view.status.limits, now),
      startedAt: this.#startedAt,
      lastEventId: this.#events.lastId,
      health,
      gatewayUrl,
      ledger: kept,
      ...(view.shared !== undefined && { shared: view.shared }),
    };
  }

  async history(query: HistoryQuery): Promise<UsageHistory> {
    const { manager, reports } = this.#parts;
    return reports.history(query, manager.plan, manager.planId);
  }

  stopReadingTranscripts(): Promise<void> {
    this.#parts.reports.stopReadingTranscripts();
    return Promise.resolve();
  }

  events(afterId: number): Promise<readonly RecentEvent[]> {
    return Promise.resolve(this.#events.after(afterId));
  }

  metricsEndpoint(): Promise<MetricsEndpoint | undefined> {
    const { metrics, metricsEndpoint } = this.#parts;
    return Promise.resolve(metrics.isScraped ? metricsEndpoint : undefined);
  }

  /** The name of a live session's agent; empty when it is not known. */
  agentOf(sessionId: string): string {
    return this.#events.agentOf(sessionId);
  }

  launcherEndpoint(): Promise<LauncherEndpoint> {
    return Promise.resolve(this.#parts.launcher());
  }

  dispose(): void {
    for (const stop of this.#stopListening) stop();
    this.#events.dispose();
    this.#publisher.dispose();
  }
}

/**
 * Each account is a plan of its own. What tells accounts apart is a digest from which no key can be had; a command that
 * prints another key each hour is one account all the same.
 */
function termsOf({ plan, agents, dailyTokens, credentials }: EngineConfiguration, secrets: SecretSource): QuotaTerms {
  const common = { plan, agents, dailyTokens };
  if (credentials.kind !== 'apiKey') return { planId: plan.kind, ...common };
  const { account = credentials.key, baseUrl } = credentials;
  return { planId: `${plan.kind}-${secrets.hash(`${account}\n${baseUrl}`).slice(0, 12)}`, ...common };
}
