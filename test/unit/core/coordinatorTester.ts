import { AgentAuthCoordinator } from '../../../src/core/agentAuthCoordinator.ts';
import { CurrentUpstream } from '../../../src/core/currentUpstream.ts';
import type { Credentials, Problem } from '../../../src/core/credentials.ts';
import { FirstConfiguration } from '../../../src/core/firstConfiguration.ts';
import type { Ledger } from '../../../src/core/ledger.ts';
import { apiKeyPlan, type Plan } from '../../../src/core/plan.ts';
import type { AgentAuth, AgentRequest, AuthTest, EngineConfiguration } from '../../../src/core/quotaEngine.ts';
import { Listeners } from '../../../src/core/listeners.ts';
import type { LineListener } from '../../../src/core/slotQueue.ts';
import { directNetwork } from '../../../src/core/upstreamNetwork.ts';
import type { FakeClock } from '../../fakes/fakeClock.ts';
import { FakeProcessTable } from '../../fakes/fakeProcessTable.ts';
import { terms } from '../ledger/terms.ts';
import { ManagerTester } from './managerTester.ts';
import { watched, type Watched } from './watched.ts';

export const realKey = 'sk-ant-api03-the-real-key';
export const gatewayUrl = 'http://127.0.0.1:4567';
/** The process of the window itself. */
export const windowPid = 100;

export const apiKey: Credentials & { kind: 'apiKey' } = {
  kind: 'apiKey',
  key: realKey,
  baseUrl: 'https://api.anthropic.com',
  source: 'ANTHROPIC_API_KEY',
};
export const subscription: Credentials = { kind: 'subscription', source: 'Claude Code’s sign-in', mode: 'observed' };
export const works: AuthTest = { kind: 'works', endpoint: 'api.anthropic.com', latencyMs: 3, source: 'test' };

export function fails(code: string): AuthTest {
  return { kind: 'fails', problem: { code, severity: 'error', message: `It is ${code}.`, nextStep: 'Do something.' } };
}

/** A coordinator with everything under it, and what tests do with it in one call each. */
export class CoordinatorTester extends ManagerTester {
  readonly processes = new FakeProcessTable();
  readonly upstream = new CurrentUpstream();
  readonly coordinator: AgentAuthCoordinator;
  /** Problems that the user was told. */
  readonly told: Problem[] = [];
  /** Places that callers were told, as `agent place of running`. */
  readonly places: string[] = [];
  readonly lineMoves = new Listeners<Parameters<LineListener>>();
  /** What the next tests of the credentials find. */
  test: () => Promise<AuthTest> = () => Promise.resolve(works);
  /** The window's. */
  readonly environment: Record<string, string | undefined> = {};
  /** How often the credentials were tested. */
  tests = 0;
  #tickets = 0;

  constructor(
    plan: Plan = apiKeyPlan({ concurrentAgents: 2 }),
    shared: { ledger?: Ledger; clock?: FakeClock; engineId?: string } = {},
  ) {
    super(plan, shared);
    this.coordinator = new AgentAuthCoordinator({
      ...this.parts,
      manager: this.manager,
      processes: this.processes,
      ownProcess: this.processes.identify(windowPid),
      gatewayUrl: () => gatewayUrl,
      observerUrl: (token) => `http://127.0.0.1:2/${token}`,
      testCredentials: () => {
        this.tests += 1;
        return this.test();
      },
      noProxy: 'inside.example',
      environment: this.environment,
      upstream: this.upstream,
      configured: new FirstConfiguration(this.parts.clock),
      sessionsMayReturn: false,
      kept: { kind: 'sqlite' },
      lineMoved: (place, running) => {
        this.places.push(`${place.agentId} is ${place.place} behind ${running.join('+')}`);
        this.lineMoves.tell(place, running);
      },
      problemFound: (problem) => {
        this.told.push(problem);
      },
    });
  }

  configure(credentials: Credentials = apiKey, more: Partial<EngineConfiguration> = {}): this {
    const { plan } = this.manager;
    const common = {
      agents: [],
      dailyTokens: 'fallback',
      credentialProblems: [],
      network: directNetwork,
      networkProblems: [],
      inactivityMs: 30 * 60_000,
      longestWaitMs: 60_000,
      workspace: 'work',
    } as const;
    const configuration = { plan, credentials, ...common, ...more };
    const moved = this.upstream.follow(credentials, configuration.network);
    const { agents, dailyTokens, longestWaitMs } = configuration;
    void this.manager.configure(terms(configuration.plan, { agents, dailyTokens }), longestWaitMs);
    this.coordinator.configure(configuration);
    if (moved) this.coordinator.networkChanged();
    return this;
  }

  /** Asks for a session; does not wait in line unless told so. */
  ask(agentId: string, more: Partial<AgentRequest> = {}): Watched<AgentAuth> & { readonly ticket: string } {
    this.#tickets += 1;
    const ticket = `ticket ${this.#tickets}`;
    const request: AgentRequest = { ticket, agentId, waitMs: 0, ...more };
    return Object.assign(watched(this.coordinator.setupClaudeAgentAuth(request)), { ticket: request.ticket });
  }

  /** Asks for a session without an end to the wait. */
  line(agentId: string, more: Partial<AgentRequest> = {}): ReturnType<CoordinatorTester['ask']> {
    const { waitMs, ...request } = { ticket: `ticket of ${agentId}`, agentId, waitMs: undefined, ...more };
    const whole: AgentRequest = waitMs === undefined ? request : { ...request, waitMs };
    return Object.assign(watched(this.coordinator.setupClaudeAgentAuth(whole)), { ticket: whole.ticket });
  }

  /** Opens a session that has to be given. @returns its id. */
  async opened(agentId: string, more: Partial<AgentRequest> = {}): Promise<string> {
    const auth = await this.ask(agentId, more).promise;
    if (auth.kind === 'refused') throw new Error(auth.reason.message);
    return auth.sessionId;
  }

  /** Live sessions, as `agent state`. */
  async states(): Promise<string[]> {
    return (await this.ledger.liveSessions()).map(({ agentId, state }) => `${agentId} ${state}`);
  }
}
