import * as vscode from 'vscode';
import type { QuotaEngine, ShownSession } from '../core/quotaEngine.ts';
import type { SessionSteering } from '../core/session.ts';
import { formatNumberOf } from '../shared/amounts.ts';
import { ProblemError } from './problemError.ts';
import { parseWeight } from './sessionWeight.ts';

const statusMessageMs = 5000;

/** Makes requests of sessions wait, or lets them go on. Those that ended meanwhile are left alone. */
export async function pauseSessions(
  engine: QuotaEngine,
  sessions: readonly ShownSession[],
  paused: boolean,
): Promise<void> {
  const steered = await steerAll(engine, sessions, { paused });
  const what =
    steered.length === 1 ? `Session of ${steered[0]?.agentId ?? ''}` : formatNumberOf(steered.length, 'session');
  vscode.window.setStatusBarMessage(`${what} ${paused ? 'paused' : 'resumed'}`, statusMessageMs);
}

/** Asks for the share that sessions get when capacity is short. */
export async function askWeight(engine: QuotaEngine, sessions: readonly ShownSession[]): Promise<void> {
  const [first] = sessions;
  if (first === undefined) return;
  const who = sessions.length === 1 ? first.agentId : formatNumberOf(sessions.length, 'session');
  const entered = await vscode.window.showInputBox({
    title: `Weight of ${who}`,
    prompt:
      'Share when capacity is short, relative to others’ 1: 2 gets twice as much, 0.5 half. Empty: the agent’s own.',
    value: first.state === 'ended' ? '' : `${first.weight ?? ''}`,
    validateInput: (text) => {
      const parsed = parseWeight(text);
      return parsed.kind === 'bad' ? parsed.why : undefined;
    },
  });
  if (entered === undefined) return;
  const parsed = parseWeight(entered);
  if (parsed.kind === 'bad') return;
  await steerAll(engine, sessions, { weight: parsed.weight });
  const text = parsed.weight === null ? 'the weight of its agent' : `weight ${parsed.weight}`;
  vscode.window.setStatusBarMessage(`${who}: ${text}`, statusMessageMs);
}

/** @returns those that were live. */
async function steerAll(
  engine: QuotaEngine,
  sessions: readonly ShownSession[],
  steering: SessionSteering,
): Promise<ShownSession[]> {
  const done = await Promise.all(sessions.map(({ sessionId }) => engine.steerSession(sessionId, steering)));
  const steered = sessions.filter((_, index) => done[index]);
  if (steered.length > 0 || sessions.length === 0) return steered;
  throw new ProblemError({
    code: 'session-ended',
    severity: 'warning',
    message: sessions.length === 1 ? 'The session has ended meanwhile.' : 'The sessions have ended meanwhile.',
    nextStep: 'Nothing is left to do.',
  });
}
