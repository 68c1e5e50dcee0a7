import type { LiveSession } from '../core/session.ts';

/**
 * Takes in one report of a session's agent and may answer it.
 * @param body the report as it came, parsed as JSON and not checked in any other way.
 * @param signal aborts when the agent is gone or the engine closes; a wait may be as long as the agent has patience.
 * @returns what the agent is answered with, as JSON; undefined for an answer without content. What is thrown is
 * answered with 500 and logged.
 */
export type IntakeHandler = (session: LiveSession, body: unknown, signal: AbortSignal) => Promise<object | undefined>;

/** Who takes in what agents report beside their telemetry. What nobody takes is answered with 404. */
export interface ObserverIntake {
  /** By the name of the hook's event. Source: Claude Code documentation, "Hooks". */
  readonly hooks: ReadonlyMap<string, IntakeHandler>;
  /** What hooks of an agent are answered whose session has ended, by the name of the event; all others are refused. */
  readonly endedSession?: ReadonlyMap<string, object>;
  /** What Claude Code tells its status line. Source: Claude Code documentation, "Status line". */
  readonly statusLine?: IntakeHandler;
}
