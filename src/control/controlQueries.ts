import type { AgentRecord, AuthTest, EngineSnapshot } from '../core/quotaEngine.ts';

/** What the control server asks of a configured engine for whoever wants to know something, or has something done. */
export interface ControlQueries {
  snapshot(): Promise<EngineSnapshot>;
  /** Makes one real, cheap call with the user's credentials. */
  testAuthentication(): Promise<AuthTest>;
  /** Ends the sessions whose process is gone and takes the slot of those that do nothing. */
  cleanUp(): Promise<CleanUp>;
  /** Ends a session. @returns false when it was not live. */
  releaseSession(sessionId: string): Promise<boolean>;
}

/** What a clean-up did. */
export interface CleanUp {
  readonly changed: readonly AgentRecord[];
  /** How long a session may do nothing before its slot is taken, in milliseconds. */
  readonly inactivityMs: number;
}
