import { createBirpc, type BirpcReturn } from 'birpc';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import type {
  EngineConfiguration,
  EngineFunctions,
  EngineStart,
  EngineStarted,
  QuotaEngine,
  QuotaEngineEvents,
} from '../core/quotaEngine.ts';
import type { EngineThread } from './engineThread.ts';

/** What the supervisor tells of the engine's life. */
export type EngineLife =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly started: EngineStarted; readonly place: EngineThread['place'] }
  /** It died again and again, and is not started any more. */
  | { readonly kind: 'stopped'; readonly cause: string };

/** What a supervisor works with. */
export interface SupervisorParts {
  readonly start: EngineStart;
  readonly startThread: (start: EngineStart) => EngineThread;
  readonly events: QuotaEngineEvents;
  readonly lifeChanged: (life: EngineLife) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How many deaths within the time make it pointless to start the engine again. */
const mostDeaths = 5;
const deathsWithinMs = 60_000;
/** How long an orderly end may take before the thread is terminated, in milliseconds. */
const closeWithinMs = 2000;

type Rpc = BirpcReturn<EngineFunctions, QuotaEngineEvents>;

/** Thrown by calls that were under way when the engine died. */
export class EngineDiedError extends Error {
  override readonly name = 'EngineDiedError';
}

/** Keeps one engine running: starts it again when it dies, on the same port, with the same configuration. */
export class EngineSupervisor {
  readonly #parts: SupervisorParts;
  #start: EngineStart;
  #configuration: EngineConfiguration | undefined;
  #running: Promise<Rpc>;
  #thread: EngineThread | undefined;
  #deaths: number[] = [];
  #disposed = false;

  /** The engine; calls made while it is started wait for it. */
  readonly engine: QuotaEngine;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#start = parts.start;
    this.#running = this.#launch();
    this.engine = this.#face();
  }

  /** Lets the engine end in an orderly way, for two seconds at most. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const orderly = this.#running.then((rpc) => rpc.close()).catch(() => undefined);
    const { promise: tooLong, resolve } = Promise.withResolvers<undefined>();
    const cancel = this.#parts.clock.after(closeWithinMs, () => {
      resolve(undefined);
    });
    await Promise.race([orderly, tooLong]);
    cancel();
    await this.#thread?.terminate();
  }

  #launch(): Promise<Rpc> {
    const running = this.#open();
    // Whoever calls the engine hears of the failure; nobody may be calling now.
    running.catch(() => undefined);
    return running;
  }

  async #open(): Promise<Rpc> {
    const { events, lifeChanged } = this.#parts;
    lifeChanged({ kind: 'starting' });
    const thread = this.#startThread();
    this.#thread = thread;
    const rpc: Rpc = createBirpc<EngineFunctions, QuotaEngineEvents>(events, {
      post: (message) => {
        thread.post(message);
      },
      on: (receive) => {
        thread.onMessage(receive);
      },
      // Waiting for a slot has no end of its own.
      timeout: -1,
    });
    let failure: unknown;
    thread.onExit((cause) => {
      rpc.$close(new EngineDiedError('The engine of Agent Quota was started again. Try again.'));
      this.#died(failure ?? cause);
    });
    try {
      const started = await rpc.start();
      if (this.#configuration !== undefined) await rpc.configure(this.#configuration);
      this.#start = { ...this.#start, ...started };
      lifeChanged({ kind: 'running', started, place: thread.place });
      return rpc;
    } catch (error) {
      failure = error;
      await thread.terminate();
      throw error;
    }
  }

  #startThread(): EngineThread {
    try {
      return this.#parts.startThread(this.#start);
    } catch (error) {
      // Not within this call, whose promise is not the running engine's yet.
      queueMicrotask(() => {
        this.#died(error);
      });
      throw error;
    }
  }

  #died(cause: unknown): void {
    if (this.#disposed) return;
    const { clock, logger, lifeChanged } = this.#parts;
    logger.error('The engine has died.', cause);
    const now = clock.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < deathsWithinMs), now];
    if (this.#deaths.length < mostDeaths) {
      this.#running = this.#launch();
      return;
    }
    this.#running = Promise.reject(new EngineDiedError('The engine of Agent Quota does not run. Reload the window.'));
    this.#running.catch(() => undefined);
    lifeChanged({ kind: 'stopped', cause: cause instanceof Error ? cause.message : String(cause) });
  }

  #face(): QuotaEngine {
    const running = (): Promise<Rpc> => this.#running;
    return {
      configure: async (configuration) => {
        this.#configuration = configuration;
        await (await running()).configure(configuration);
      },
      setupClaudeAgentAuth: async (request) => (await running()).setupClaudeAgentAuth(request),
      giveUp: async (ticket) => (await running()).giveUp(ticket),
      startWithoutQuota: async (ticket) => (await running()).startWithoutQuota(ticket),
      attachProcess: async (sessionId, process) => (await running()).attachProcess(sessionId, process),
      releaseAgentAuth: async (agentId) => (await running()).releaseAgentAuth(agentId),
      releaseSession: async (sessionId) => (await running()).releaseSession(sessionId),
      steerSession: async (sessionId, steering) => (await running()).steerSession(sessionId, steering),
      checkAuthHealth: async () => (await running()).checkAuthHealth(),
      getActiveAgents: async () => (await running()).getActiveAgents(),
      cleanupInactiveAgents: async (durationMs) => (await running()).cleanupInactiveAgents(durationMs),
      testAuthentication: async () => (await running()).testAuthentication(),
      snapshot: async () => (await running()).snapshot(),
      history: async (query) => (await running()).history(query),
      stopReadingTranscripts: async () => (await running()).stopReadingTranscripts(),
      events: async (afterId) => (await running()).events(afterId),
      metricsEndpoint: async () => (await running()).metricsEndpoint(),
      launcherEndpoint: async () => (await running()).launcherEndpoint(),
    };
  }
}
