import { randomUUID } from 'node:crypto';
import type * as vscode from 'vscode';
import { needsClaudeAuth } from '../core/claudeModel.ts';
import type { AgentAuth, AgentRecord, AuthHealth, QuotaEngine } from '../core/quotaEngine.ts';
import type { Problem } from '../core/credentials.ts';
import type { QuotaStatus } from '../core/quotaStatus.ts';
import type { ProcessIdentity } from '../core/session.ts';
import type { SettingsReader } from './settingsReader.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** How another extension asks for a session. */
export interface SetupOptions {
  /** The agent's process, if it runs already; without one the session lives as long as this window. */
  readonly pid?: number;
  /** Milliseconds to wait in line for a slot; 0 (the default) not at all. */
  readonly waitMs?: number;
}

/**
 * What `activate` returns: the quota core for other extensions that start agents. Get it with
 * `vscode.extensions.getExtension('agent-quota.agent-quota')?.activate()`.
 */
export interface AgentQuotaApi {
  /** Grows when something here changes its meaning; what is added does not count. */
  readonly version: 1;
  /**
   * Opens a session for an agent. Start the agent with `overlay` laid over its environment (`null` takes a variable
   * out). Never rejects for want of credentials or slots: the answer's `kind` says so.
   */
  setupClaudeAgentAuth(agentId: string, options?: SetupOptions): Promise<AgentAuth>;
  /**
   * Ties a session to the process that was started for it.
   * @throws TypeError for what is no process id, as a child's is when it could not be started.
   */
  attachProcess(sessionId: string, pid: number): Promise<void>;
  /** Ends all live sessions of an agent. @returns how many. */
  releaseAgentAuth(agentId: string): Promise<number>;
  checkAuthHealth(): Promise<AuthHealth>;
  /** The sessions that hold a slot, of all windows. */
  getActiveAgents(): Promise<AgentRecord[]>;
  /**
   * Ends sessions whose process is gone, and takes the slot of those without a request for so long.
   * @param durationMs default: the user's setting, 30 minutes.
   */
  cleanupInactiveAgents(durationMs?: number): Promise<AgentRecord[]>;
  /** What of each limit is used and left. */
  quotaStatus(): Promise<QuotaStatus>;
  /** Whether a model's name means Claude. */
  needsClaudeAuth(model: string): boolean;
  /** The live sessions, whenever something of them has changed; four times a second at most. */
  readonly onDidChangeSessions: vscode.Event<readonly AgentRecord[]>;
}

/**
 * The exported API as a face of the engine: it decides nothing.
 * @param refused is told why an agent got no session.
 */
export function createAgentQuotaApi(
  engine: QuotaEngine,
  store: SnapshotStore,
  settings: SettingsReader,
  identify: (pid: number) => ProcessIdentity,
  refused: (reason: Problem) => void,
): AgentQuotaApi {
  return {
    version: 1,
    setupClaudeAgentAuth: async (agentId, { pid, waitMs = 0 } = {}) => {
      const process = pid === undefined ? {} : { process: identify(processId(pid)) };
      const auth = await engine.setupClaudeAgentAuth({ ticket: randomUUID(), agentId, waitMs, ...process });
      if (auth.kind === 'refused') refused(auth.reason);
      return auth;
    },
    attachProcess: async (sessionId, pid) => {
      await engine.attachProcess(sessionId, identify(processId(pid)));
    },
    releaseAgentAuth: (agentId) => engine.releaseAgentAuth(agentId),
    checkAuthHealth: () => engine.checkAuthHealth(),
    getActiveAgents: () => engine.getActiveAgents(),
    cleanupInactiveAgents: (durationMs = settings.current.inactivityMs) => engine.cleanupInactiveAgents(durationMs),
    quotaStatus: async () => (await engine.snapshot()).status,
    needsClaudeAuth,
    onDidChangeSessions: (listener, thisArgument: unknown, disposables) =>
      store.onDidChange(
        (state) => {
          if (state.kind === 'running') listener.call(thisArgument, state.snapshot.sessions);
        },
        undefined,
        disposables,
      ),
  };
}

/** @throws TypeError */
function processId(pid: unknown): number {
  if (typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0) return pid;
  throw new TypeError(`${String(pid)} is no process id. A child process that could not be started has none.`);
}
