import type { AdmissionAsk, RequestOutcome, Reservation } from '../../../src/core/admission.ts';
import { ClaudeQuotaManager } from '../../../src/core/claudeQuotaManager.ts';
import type { QuotaManagerParts } from '../../../src/core/quotaManagerParts.ts';
import type { Ledger } from '../../../src/core/ledger.ts';
import type { Plan } from '../../../src/core/plan.ts';
import type { Dimension, LimitStatus } from '../../../src/shared/limitStatus.ts';
import type { SessionMode } from '../../../src/core/session.ts';
import { MemoryStore } from '../../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../../src/ledger/transactionalLedger.ts';
import { FakeClock } from '../../fakes/fakeClock.ts';
import { FakeSecrets } from '../../fakes/fakeSecrets.ts';
import { tokens } from '../ledger/ledgerTester.ts';
import { createMemoryLogger, type MemoryLogger } from '../control/memoryLogger.ts';
import { watched, type Watched } from './watched.ts';

/** A manager with everything under it, and what tests do with it in one call each. */
export class ManagerTester {
  readonly clock: FakeClock;
  readonly ledger: Ledger;
  readonly secrets: FakeSecrets;
  readonly logger: MemoryLogger = createMemoryLogger();
  readonly parts: QuotaManagerParts;
  readonly manager: ClaudeQuotaManager;

  constructor(plan: Plan, shared: { ledger?: Ledger; clock?: FakeClock; engineId?: string } = {}) {
    const {
      ledger = new TransactionalLedger(new MemoryStore()),
      clock = new FakeClock(),
      engineId = 'engine',
    } = shared;
    this.clock = clock;
    this.ledger = ledger;
    this.secrets = new FakeSecrets(engineId);
    this.parts = { ledger, clock, secrets: this.secrets, logger: this.logger, engineId };
    this.manager = new ClaudeQuotaManager(plan, this.parts);
  }

  /** @returns the session's id. */
  async session(agentId = 'agent', mode: SessionMode = 'routed'): Promise<string> {
    const { manager, secrets } = this;
    const sessionId = secrets.id();
    const tokenHash = secrets.hash(secrets.token());
    const opening = { sessionId, ticket: sessionId, agentId, mode, tokenHash, workspace: 'work' };
    const outcome = await manager.allocate({ ...opening, process: { pid: 1 }, wait: false });
    if (outcome.kind !== 'opened') throw new Error(`There is no slot: ${outcome.kind}`);
    return sessionId;
  }

  /** A request of a session, without tokens unless said. */
  reserve(sessionId: string, ask: Partial<AdmissionAsk> = {}, signal?: AbortSignal): Watched<Reservation> {
    const whole = { sessionId, usesTokens: false, bodyBytes: 0, ...ask };
    return watched(this.manager.reserve(whole, signal ?? new AbortController().signal));
  }

  async limit(dimension: Dimension): Promise<LimitStatus> {
    const found = (await this.manager.status()).limits.find((limit) => limit.dimension === dimension);
    if (found === undefined) throw new Error(`There is no limit of ${dimension}.`);
    return found;
  }

  async used(dimension: Dimension): Promise<number> {
    return (await this.limit(dimension)).used;
  }

  /** Requests in line and under way, of all sessions. */
  async underWay(): Promise<[waiting: number, running: number]> {
    const activity = [...(await this.manager.view()).activity.values()];
    return [
      activity.reduce((sum, { waitingRequests }) => sum + waitingRequests, 0),
      activity.reduce((sum, { runningRequests }) => sum + runningRequests, 0),
    ];
  }
}

/** How a request ended: with a usage of so many tokens, or with none. */
export function outcome(
  usage: [input: number, output: number] | undefined,
  more: Partial<RequestOutcome> = {},
): RequestOutcome {
  return {
    usage: usage === undefined ? undefined : tokens(...usage),
    model: 'claude',
    requestId: undefined,
    status: 200,
    ...more,
  };
}
