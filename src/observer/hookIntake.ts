import * as z from 'zod';
import { AdmissionRefusedError } from '../core/admission.ts';
import { refusal } from '../core/admissionRefusals.ts';
import type { Clock } from '../core/clock.ts';
import type { LiveSession } from '../core/session.ts';
import type { IntakeHandler } from './observerIntake.ts';
import type { RunningTurns } from './runningTurns.ts';

/** What a hook tells of the agent's own session. Source: Claude Code documentation, "Hooks" › "Common input fields". */
const hookSchema = z.object({
  session_id: z.string().max(200),
  transcript_path: z.string().max(4096).optional(),
});

/** A session of Claude Code as it names itself. */
export interface ClaudeSession {
  /** Ours, in which the agent runs. */
  readonly session: LiveSession;
  readonly claudeSessionId: string;
  /** Absent where none is written. */
  readonly transcriptPath?: string;
}

/** What hooks are answered with. */
export interface HookParts {
  readonly turns: RunningTurns;
  /** See `admitStep`. */
  readonly admitStep: (sessionId: string, signal: AbortSignal) => Promise<void>;
  /** Is told which sessions of Claude Code run in a session; more than once each. */
  readonly claudeSessionSeen: (session: ClaudeSession) => void;
  /** Is told how a session was heard; more than once each. */
  readonly heard: (session: LiveSession, source: 'hooks' | 'turn') => void;
  /** Is told that a session's turn is over; more than once each. */
  readonly turnOver: (sessionId: string) => void;
  readonly clock: Clock;
}

/** A wait is worth a word from here on, in milliseconds. */
const noticeableMs = 3000;

/**
 * Lets turns wait or stop. A turn begins with `UserPromptSubmit` and ends with `Stop`, with `StopFailure` when an error
 * of the API ended it, and with `SessionEnd` at the latest; `PreToolUse` comes between. Source: Claude Code
 * documentation, "Hooks".
 */
export function hookIntake({
  turns,
  admitStep,
  claudeSessionSeen,
  heard,
  turnOver,
  clock,
}: HookParts): ReadonlyMap<string, IntakeHandler> {
  const seen = (handle: (session: LiveSession, signal: AbortSignal) => Promise<object | undefined>): IntakeHandler => {
    return (session, body, signal) => {
      heard(session, 'hooks');
      const hook = hookSchema.safeParse(body);
      if (hook.success) {
        const { session_id: claudeSessionId, transcript_path: transcriptPath } = hook.data;
        const path = transcriptPath === undefined || transcriptPath === '' ? {} : { transcriptPath };
        claudeSessionSeen({ session, claudeSessionId, ...path });
      }
      return handle(session, signal);
    };
  };
  const beginTurn = seen(async ({ sessionId }, signal) => {
    const since = clock.now();
    const reason = await refusalOf(() => turns.begin(sessionId, signal));
    // Blocked and not stopped: what the user has typed is there again, to be sent when there is room.
    if (reason !== undefined) return { decision: 'block', reason };
    return waitedSince(since);
  });
  const step = seen(async ({ sessionId, state }, signal) => {
    turns.heard(sessionId);
    const since = clock.now();
    const stopReason = await refusalOf(async () => {
      // Its turn was taken for over and its slot was given to others, while a tool ran or a question stood open for long.
      if (state === 'idle') await turns.begin(sessionId, signal);
      await admitStep(sessionId, signal);
    });
    if (stopReason === undefined) return waitedSince(since);
    turns.end(sessionId);
    // Denied tools would be answered by the model, which takes quota.
    return { continue: false, stopReason };
  });
  const endTurn = seen(({ sessionId }) => {
    turns.end(sessionId);
    turnOver(sessionId);
    return Promise.resolve(undefined);
  });
  const waitedSince = (since: number): object | undefined => {
    const waitedMs = clock.now() - since;
    return waitedMs < noticeableMs
      ? undefined
      : { systemMessage: `Agent Quota held this for ${Math.round(waitedMs / 1000)} seconds, until there was room.` };
  };
  return new Map([
    ['UserPromptSubmit', beginTurn],
    ['PreToolUse', step],
    [
      'Stop',
      (session, ...rest) => {
        heard(session, 'turn');
        return endTurn(session, ...rest);
      },
    ],
    ['StopFailure', endTurn],
    ['SessionEnd', endTurn],
  ]);
}

const ended = refusal({ kind: 'gone' }).message;

/** What the hooks of an agent are answered whose session the user has released. */
export const endedSessionAnswers: ReadonlyMap<string, object> = new Map<string, object>([
  ['UserPromptSubmit', { decision: 'block', reason: ended }],
  ['PreToolUse', { continue: false, stopReason: ended }],
]);

/** @returns what the agent's user is told; undefined when it may go on. */
async function refusalOf(admitted: () => Promise<void>): Promise<string | undefined> {
  try {
    await admitted();
    return undefined;
  } catch (error) {
    if (error instanceof AdmissionRefusedError) return error.message;
    throw error;
  }
}
