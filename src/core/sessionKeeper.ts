import type { ClaudeQuotaManager } from './claudeQuotaManager.ts';
import type { QuotaManagerParts } from './quotaManagerParts.ts';
import type { ProcessTable } from './processTable.ts';
import type { LiveSession, Session } from './session.ts';

/** How often the keeper looks whether sessions' processes are still there, in milliseconds. */
const lookEveryMs = 1000;

/** Usage detail and ended sessions are kept so long; sums by hour and day stay. */
const keptMs = 90 * 24 * 3_600_000;
const tidyEveryMs = 3_600_000;

/** What a keeper works with. */
export interface SessionKeeperParts extends QuotaManagerParts {
  readonly manager: ClaudeQuotaManager;
  readonly processes: ProcessTable;
}

/**
 * Ends sessions whose process is gone, takes the slot of those that do nothing, and clears up after engines that died.
 * Every window's keeper looks after all sessions, so none depends on the window that opened it.
 */
export class SessionKeeper {
  readonly #parts: SessionKeeperParts;
  #inactivityMs = Infinity;
  #cancel: (() => void) | undefined;
  #tidiedAt = 0;
  #disposed = false;

  constructor(parts: SessionKeeperParts) {
    this.#parts = parts;
  }

  /** Looks by itself from now on. @param inactivityMs without a request for so long, a session gives its slot back. */
  start(inactivityMs: number): void {
    this.#inactivityMs = inactivityMs;
    if (this.#cancel === undefined) this.#schedule();
  }

  /** Looks at all sessions now. @returns those it changed. */
  async cleanUp(inactivityMs: number): Promise<Session[]> {
    await this.#clearDeadEngines();
    const changed: Session[] = [];
    for (const session of await this.#parts.ledger.liveSessions()) {
      const after = await this.#lookAt(session, inactivityMs);
      if (after !== undefined) changed.push(after);
    }
    return changed;
  }

  /** Looks at one session now. */
  async look(sessionId: string): Promise<void> {
    const session = (await this.#parts.ledger.liveSessions()).find((candidate) => candidate.sessionId === sessionId);
    if (session !== undefined) await this.#lookAt(session, this.#inactivityMs);
  }

  dispose(): void {
    this.#disposed = true;
    this.#cancel?.();
  }

  #schedule(): void {
    this.#cancel = this.#parts.clock.after(lookEveryMs, () => {
      void this.#round();
    });
  }

  async #round(): Promise<void> {
    try {
      await this.cleanUp(this.#inactivityMs);
      await this.#tidy();
    } catch (error) {
      if (!this.#disposed) this.#parts.logger.error('Sessions could not be looked after.', error);
    }
    if (!this.#disposed) this.#schedule();
  }

  async #lookAt(session: LiveSession, inactivityMs: number): Promise<Session | undefined> {
    const { ledger, clock, logger, manager, processes } = this.#parts;
    const { sessionId, agentId } = session;
    if (!processes.isAlive(session.process)) {
      const ended = await manager.release(sessionId, 'process-ended');
      if (ended !== undefined) logger.info(`Session ${sessionId} of ${agentId} has ended with its process.`);
      return ended;
    }
    const now = clock.now();
    // An unauthenticated one has no slot to give back.
    if (session.state === 'idle' || session.mode === 'unauthenticated') return undefined;
    if (now - session.lastActivityAt < inactivityMs) return undefined;
    if (!(await ledger.idleSession(sessionId, now))) return undefined;
    logger.info(`Session ${sessionId} of ${agentId} did nothing for a while and has given its slot back.`);
    return { ...session, state: 'idle', idleSince: now };
  }

  async #tidy(): Promise<void> {
    const { ledger, clock, logger } = this.#parts;
    const now = clock.now();
    if (Math.abs(now - this.#tidiedAt) < tidyEveryMs) return;
    this.#tidiedAt = now;
    const dropped = await ledger.forgetUsageBefore(now - keptMs);
    if (dropped > 0) logger.info(`Details of ${dropped} requests from more than 90 days ago were dropped.`);
  }

  async #clearDeadEngines(): Promise<void> {
    const { ledger, clock, processes, engineId } = this.#parts;
    for (const engine of await ledger.engines()) {
      if (engine.engineId === engineId || processes.isAlive(engine.process)) continue;
      await ledger.forgetEngine(engine.engineId, clock.now(), engine.process);
    }
  }
}
