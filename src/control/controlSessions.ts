import type { AgentAuth, AgentRequest, LinePlace } from '../core/quotaEngine.ts';
import type { ObservedBy, ProcessIdentity } from '../core/session.ts';

/** What the control server asks of the engine. */
export interface ControlSessions {
  /**
   * Opens a session that lives as long as the launcher's process. Where it has to wait, a {@link LineMoved} with the
   * request's ticket comes first, so that the launcher can say so.
   */
  open(request: AgentRequest & { readonly process: ProcessIdentity }): Promise<AgentAuth>;
  /** The launcher has left the line; `open` is then answered with `refused`. Harmless when it is answered already. */
  giveUp(ticket: string): Promise<void>;
  /** How what a session's agent uses is learned. */
  observed(sessionId: string, by: ObservedBy): Promise<void>;
  /** The agent has ended, or was never started: ends the session. Resolves when its slot is free. */
  release(sessionId: string): Promise<void>;
  /** A launcher is back after a lost connection. @returns whether the session is live; `elsewhere`: it is to look on. */
  resume(sessionId: string, process: ProcessIdentity): Promise<boolean | 'elsewhere'>;
  /** Where agents of observed sessions report; undefined where none do. */
  readonly observerPort: number | undefined;
  /**
   * The launcher of a session is gone without a word. A process that was killed lets go of its connection a moment
   * before it is gone, and one whose engine was busy may come back with `resume`: so look at the process, and again
   * a little later, before the session is ended.
   */
  connectionLost(sessionId: string): Promise<void>;
  /** @returns a function that ends the calls. */
  onLineMoved(listener: LineMoved): () => void;
}

/**
 * Called when a waiting request gets a place in line or another one, or other agents run.
 * @param running agent ids of the sessions that hold the slots.
 */
export type LineMoved = (place: LinePlace, running: readonly string[]) => void;
