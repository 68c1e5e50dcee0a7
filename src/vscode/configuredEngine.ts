import type { QuotaEngine } from '../core/quotaEngine.ts';

/**
 * The engine for all that starts agents: it is asked only once it knows the user's credentials, since an engine that
 * does not know them yet would let agents start without quota.
 * @param told resolves when the engine knows them; never rejects.
 */
export function configuredEngine(engine: QuotaEngine, told: () => Promise<void>): QuotaEngine {
  return {
    ...engine,
    setupClaudeAgentAuth: async (request) => {
      await told();
      return engine.setupClaudeAgentAuth(request);
    },
    // Behind the wish that it gives up.
    giveUp: async (ticket) => {
      await told();
      await engine.giveUp(ticket);
    },
    launcherEndpoint: async () => {
      await told();
      return engine.launcherEndpoint();
    },
  };
}
