import { fileURLToPath } from 'node:url';
import type { RequestOutcome } from '../../src/core/admission.ts';
import { AgentAuthCoordinator } from '../../src/core/agentAuthCoordinator.ts';
import { ClaudeQuotaManager } from '../../src/core/claudeQuotaManager.ts';
import type { QuotaManagerParts } from '../../src/core/quotaManagerParts.ts';
import { CurrentUpstream } from '../../src/core/currentUpstream.ts';
import { FirstConfiguration } from '../../src/core/firstConfiguration.ts';
import { apiKeyPlan } from '../../src/core/plan.ts';
import type { Usage } from '../../src/core/usage.ts';
import { directNetwork } from '../../src/core/upstreamNetwork.ts';
import { openLedger } from '../../src/ledger/openLedger.ts';
import { systemClock } from '../../src/processes/systemClock.ts';
import { FakeProcessTable } from '../../test/fakes/fakeProcessTable.ts';
import { FakeSecrets } from '../../test/fakes/fakeSecrets.ts';
import { strictLogger } from '../strictLogger.ts';

const checkpointScript = fileURLToPath(import.meta.resolve('../../src/ledger/checkpointThread.ts'));

/** Limits that never make anybody wait. */
const plan = apiKeyPlan({ requestsPerMinute: 1_000_000, tokensPerMinute: 10_000_000_000, concurrentAgents: 5000 });

const usedModel = 'claude-sonnet-5';
const usedByRequest: Usage = {
  inputTokens: 200,
  cacheCreation5mTokens: 2800,
  cacheCreation1hTokens: 0,
  cacheReadTokens: 40_000,
  outputTokens: 700,
};

/** A window's quota core on a ledger's file, as the engine builds it. */
export class BenchEngine {
  readonly #parts: QuotaManagerParts;
  readonly #manager: ClaudeQuotaManager;
  #requests = 0;

  constructor(parts: QuotaManagerParts) {
    this.#parts = parts;
    this.#manager = new ClaudeQuotaManager(plan, parts);
  }

  async openSession(sessionId: string): Promise<void> {
    const outcome = await this.#manager.allocate({
      sessionId,
      ticket: sessionId,
      agentId: `agent of ${sessionId}`,
      mode: 'routed',
      tokenHash: `hash of ${sessionId}`,
      process: { pid: process.pid },
      workspace: 'bench',
      wait: false,
    });
    if (outcome.kind !== 'opened') throw new Error(`A session was not opened: ${outcome.kind}`);
  }

  /** The two calls that every request makes. */
  async reserveAndSettle(sessionId: string): Promise<void> {
    const ask = { sessionId, usesTokens: true, bodyBytes: 60_000, model: usedModel, maxTokens: 32_000 };
    const reservation = await this.#manager.reserve(ask, new AbortController().signal);
    await reservation.settle(this.#outcome());
  }

  /** All that the gateway tells of a streamed request, whose headers come with the begin of the stream. */
  async wholeExchange(sessionId: string): Promise<void> {
    const ask = { sessionId, usesTokens: true, bodyBytes: 60_000, model: usedModel, maxTokens: 32_000 };
    const reservation = await this.#manager.reserve(ask, new AbortController().signal);
    const outcome = this.#outcome();
    const answered = reservation.answered();
    const observed = this.#manager.observe({
      limits: [{ dimension: 'requestsPerMinute', limit: 1_000_000, remaining: 999_000, resetsAt: undefined }],
      retryAfterMs: undefined,
      limited: false,
      model: usedModel,
      windows: [],
    });
    await Promise.all([answered, observed, reservation.metered({ ...outcome.usage, outputTokens: 1 })]);
    await reservation.settle(outcome);
  }

  /** With credentials that have proved themselves. */
  coordinator(): AgentAuthCoordinator {
    const coordinator = new AgentAuthCoordinator({
      ...this.#parts,
      manager: this.#manager,
      processes: new FakeProcessTable(),
      ownProcess: { pid: process.pid },
      gatewayUrl: () => 'http://127.0.0.1:1/',
      observerUrl: (token) => `http://127.0.0.1:2/${token}`,
      noProxy: undefined,
      environment: {},
      kept: { kind: 'sqlite' },
      testCredentials: () => Promise.resolve({ kind: 'works', endpoint: 'bench', latencyMs: 1, source: 'bench' }),
      upstream: new CurrentUpstream(),
      configured: new FirstConfiguration(this.#parts.clock),
      sessionsMayReturn: false,
      lineMoved: () => undefined,
      problemFound: () => undefined,
    });
    coordinator.configure({
      plan,
      agents: [],
      dailyTokens: 'fallback',
      credentials: { kind: 'apiKey', key: 'bench', baseUrl: 'http://127.0.0.1:1', source: 'bench' },
      credentialProblems: [],
      network: directNetwork,
      networkProblems: [],
      inactivityMs: 30 * 60_000,
      longestWaitMs: 8 * 60_000,
      workspace: 'bench',
    });
    return coordinator;
  }

  async close(): Promise<void> {
    this.#manager.dispose();
    await this.#parts.ledger.close();
  }

  #outcome(): RequestOutcome & { readonly usage: Usage } {
    this.#requests += 1;
    const requestId = `req_011C${Date.now().toString(16).padStart(12, '0')}${this.#parts.engineId}${this.#requests}`;
    return { usage: usedByRequest, model: usedModel, requestId, status: 200 };
  }
}

/** @throws Error when the ledger is not in its file. */
export async function openEngine(directory: string, engineId: string): Promise<BenchEngine> {
  const { ledger, kept } = await openLedger(directory, strictLogger, { checkpointScript });
  if (kept.kind !== 'sqlite') throw new Error('The ledger is not in SQLite.');
  await ledger.join(engineId, { pid: process.pid }, Date.now());
  return new BenchEngine({
    ledger,
    clock: systemClock,
    secrets: new FakeSecrets(`${engineId}-${Date.now()}`),
    logger: strictLogger,
    engineId,
  });
}
