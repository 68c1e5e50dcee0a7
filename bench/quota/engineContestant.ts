import { AdmissionRefusedError, type Reservation } from '../../src/core/admission.ts';
import { ClaudeQuotaManager } from '../../src/core/claudeQuotaManager.ts';
import { Settlement } from '../../src/gateway/settlement.ts';
import { MemoryStore } from '../../src/ledger/memoryStore.ts';
import { TransactionalLedger } from '../../src/ledger/transactionalLedger.ts';
import { FakeSecrets } from '../../test/fakes/fakeSecrets.ts';
import type { AgentRequest } from './agentRequest.ts';
import { askOf } from './askOf.ts';
import { claudeCodeRetries, withRetries, type Attempt } from './clientRetry.ts';
import type { Contestant, ContestantKind, World } from './contestant.ts';
import { strictLogger } from '../strictLogger.ts';

/**
 * Agent Quota: the real quota managers, one for each window, on one ledger in memory, told what the gateway tells them
 * in its order. Refused requests are tried again as Claude Code does.
 */
export const engineContestant: ContestantKind = {
  name: 'Agent Quota',
  start: async (world) => {
    const ledger = new TransactionalLedger(new MemoryStore());
    const managers: ClaudeQuotaManager[] = [];
    for (let window = 0; window < world.windows; window += 1) {
      const engineId = `window-${window}`;
      await ledger.join(engineId, { pid: window }, world.clock.now());
      const secrets = new FakeSecrets(engineId);
      managers.push(
        new ClaudeQuotaManager(world.plan, { ledger, clock: world.clock, secrets, logger: strictLogger, engineId }),
      );
    }
    const agents: ClaudeQuotaManager[] = [];
    for (let agent = 0; agent < world.agents; agent += 1) {
      const manager = managers[agent % managers.length];
      if (manager === undefined) throw new Error('A scenario has no window.');
      await openSession(manager, agent);
      agents.push(manager);
    }
    return new EngineContestant(world, agents, managers);
  },
};

async function openSession(manager: ClaudeQuotaManager, agent: number): Promise<void> {
  const sessionId = `session-${agent}`;
  const outcome = await manager.allocate({
    sessionId,
    ticket: sessionId,
    agentId: `agent-${agent}`,
    mode: 'routed',
    tokenHash: `hash-${agent}`,
    process: { pid: agent },
    workspace: 'simulation',
    wait: false,
  });
  if (outcome.kind !== 'opened') throw new Error(`A session was not opened: ${outcome.kind}`);
}

class EngineContestant implements Contestant {
  readonly #world: World;
  readonly #agents: readonly ClaudeQuotaManager[];
  readonly #managers: readonly ClaudeQuotaManager[];
  #requests = 0;

  constructor(world: World, agents: readonly ClaudeQuotaManager[], managers: readonly ClaudeQuotaManager[]) {
    this.#world = world;
    this.#agents = agents;
    this.#managers = managers;
  }

  send(request: AgentRequest): Promise<boolean> {
    const { clock, random } = this.#world;
    return withRetries(claudeCodeRetries, clock, random, () => this.#attempt(request));
  }

  dispose(): void {
    for (const manager of this.#managers) manager.dispose();
  }

  async #attempt(request: AgentRequest): Promise<Attempt> {
    const manager = this.#agents[request.agent];
    if (manager === undefined) throw new Error('A request has no agent.');
    let reservation: Reservation;
    try {
      reservation = await manager.reserve(askOf(request), new AbortController().signal);
    } catch (error) {
      if (!(error instanceof AdmissionRefusedError)) throw error;
      const { retryAfterSeconds } = error;
      return { kind: 'limited', retryAfterMs: retryAfterSeconds === undefined ? Infinity : retryAfterSeconds * 1000 };
    }
    return this.#forward(request, manager, new Settlement(reservation, strictLogger));
  }

  async #forward(request: AgentRequest, manager: ClaudeQuotaManager, settlement: Settlement): Promise<Attempt> {
    const answer = await this.#world.upstream.send(request);
    settlement.answered();
    void settlement.tell(() => manager.observe(answer.report));
    const requestId = `request-${(this.#requests += 1)}`;
    if (answer.kind === 'refused') {
      await settlement.end({ usage: undefined, model: undefined, requestId, status: 429 });
      return { kind: 'limited', retryAfterMs: answer.retryAfterMs };
    }
    const { usage, model } = request;
    settlement.metered({ ...usage, outputTokens: 1 });
    await answer.finished;
    await settlement.end({ usage, model, requestId, status: 200 });
    return { kind: 'done' };
  }
}
