import type { QuotaEngine } from '../core/quotaEngine.ts';
import type { ControlQueries } from './controlQueries.ts';

type AskedEngine = Pick<QuotaEngine, 'snapshot' | 'testAuthentication' | 'cleanupInactiveAgents' | 'releaseSession'> & {
  /** How long a session may do nothing, in milliseconds; undefined while the window has not said. */
  readonly inactivityMs: number | undefined;
};

/** What launchers ask beside sessions, answered by the engine; undefined while it has not been configured. */
export function launcherQueries(engine: AskedEngine): ControlQueries | undefined {
  const { inactivityMs } = engine;
  if (inactivityMs === undefined) return undefined;
  return {
    snapshot: () => engine.snapshot(),
    testAuthentication: () => engine.testAuthentication(),
    cleanUp: async () => ({ inactivityMs, changed: await engine.cleanupInactiveAgents(inactivityMs) }),
    releaseSession: (sessionId) => engine.releaseSession(sessionId),
  };
}
