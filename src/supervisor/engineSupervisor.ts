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
  /** It died again and again, and is tried once a minute from now on. */
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

/**
 * The wait after each death before the engine is started again, in milliseconds: what keeps it from starting (a full
 * disk, no more file handles) may be over soon. With another death within the time it is given up.
 */
const pausesMs = [0, 250, 1000, 4000, 15_000];
const deathsWithinMs = 60_000;
/** When an engine that was given up is tried again, in milliseconds. */
const tryAgainMs = 60_000;
/** How long an orderly end may take before the thread is terminated, in milliseconds. */
const closeWithinMs = 2000;

type Rpc = BirpcReturn<EngineFunctions, QuotaEngineEvents>;

/** Thrown by calls that were under way when the engine died. */
export class EngineDiedError extends Error {
  override readonly name = 'EngineDiedError';
}

/** What becomes of the engine. */
type Stage =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly since: number }
  /** It waits to be started again. */
  | { readonly kind: 'waiting'; readonly cancel: () => void };

/** Keeps one engine running: starts it again when it dies, on the same port, with the same configuration. */
export class EngineSupervisor {
  readonly #parts: SupervisorParts;
  #start: EngineStart;
  #configuration: EngineConfiguration | undefined;
  #running: Promise<Rpc>;
  #thread: EngineThread | undefined;
  #stage: Stage = { kind: 'starting' };
  #deaths: number[] = [];
  /** It died again and again, and has not lived for long since. */
  #isGivenUp = false;
  #disposed = false;

  /** The engine; calls made while it is started wait for it. */
  readonly engine: QuotaEngine;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#start = parts.start;
    parts.lifeChanged({ kind: 'starting' });
    this.#running = this.#open();
    this.#heard();
    this.engine = this.#face();
  }

  /** Lets the engine end in an orderly way, for two seconds at most. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    if (this.#stage.kind === 'waiting') this.#stage.cancel();
    const orderly = this.#running.then((rpc) => rpc.close()).catch(() => undefined);
    const { promise: tooLong, resolve } = Promise.withResolvers<undefined>();
    const cancel = this.#parts.clock.after(closeWithinMs, () => {
      resolve(undefined);
    });
    await Promise.race([orderly, tooLong]);
    cancel();
    await this.#thread?.terminate();
  }

  /** Whoever calls the engine hears of a failure; nobody may be calling now. */
  #heard(): void {
    this.#running.catch(() => undefined);
  }

  #launch(): void {
    this.#running = this.#open();
    this.#heard();
  }

  /** Calls that are made meanwhile wait with it. */
  #launchAfter(pauseMs: number): void {
    const { promise: over, resolve, reject } = Promise.withResolvers<undefined>();
    const cancelTimer = this.#parts.clock.after(pauseMs, () => {
      resolve(undefined);
    });
    const cancel = (): void => {
      cancelTimer();
      reject(new EngineDiedError('The engine of Agent Quota has ended.'));
    };
    this.#stage = { kind: 'waiting', cancel };
    this.#running = over.then(() => this.#open());
    this.#heard();
  }

  async #open(): Promise<Rpc> {
    const { events, lifeChanged, clock } = this.#parts;
    this.#stage = { kind: 'starting' };
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
      this.#stage = { kind: 'running', since: clock.now() };
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
    const livedLong = this.#stage.kind === 'running' && now - this.#stage.since >= deathsWithinMs;
    this.#deaths = [...this.#deaths.filter((at) => now - at < deathsWithinMs), now];
    const pauseMs = this.#isGivenUp && !livedLong ? undefined : pausesMs[this.#deaths.length - 1];
    this.#isGivenUp = pauseMs === undefined;
    if (pauseMs === undefined) {
      this.#giveUp(cause);
      return;
    }
    lifeChanged({ kind: 'starting' });
    if (pauseMs === 0) this.#launch();
    else this.#launchAfter(pauseMs);
  }

  /** Until it is tried again nobody waits for it. */
  #giveUp(cause: unknown): void {
    const { clock, lifeChanged } = this.#parts;
    const cancel = clock.after(tryAgainMs, () => {
      this.#launch();
    });
    this.#stage = { kind: 'waiting', cancel };
    this.#running = Promise.reject(new EngineDiedError('The engine of Agent Quota does not run. Reload the window.'));
    this.#heard();
    lifeChanged({ kind: 'stopped', cause: cause instanceof Error ? cause.message : String(cause) });
  }

  /** What was in the engine's way may be gone with the new configuration. */
  #tryIfGivenUp(): void {
    if (this.#disposed || !this.#isGivenUp || this.#stage.kind !== 'waiting') return;
    this.#stage.cancel();
    this.#launch();
  }

  #face(): QuotaEngine {
    const running = (): Promise<Rpc> => this.#running;
    return {
      configure: async (configuration) => {
        this.#configuration = configuration;
        this.#tryIfGivenUp();
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
