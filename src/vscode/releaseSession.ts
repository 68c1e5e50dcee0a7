import * as vscode from 'vscode';
import { type AgentRecord, type QuotaEngine } from '../core/quotaEngine.ts';
import { ProblemError } from './problemError.ts';
import { sessionRow } from './sessionRow.ts';
import { type SnapshotStore } from './snapshotStore.ts';

const statusMessageMs = 5000;

/**
 * Ends a session: its token is dead and its slot is free. Asks first only when that cuts off a running request.
 * @param sessionId undefined: the user picks one.
 */
export async function releaseSession(
  engine: QuotaEngine,
  store: SnapshotStore,
  sessionId: string | undefined,
): Promise<void> {
  const sessions = store.snapshot?.sessions ?? [];
  if (sessionId === undefined && sessions.length === 0) {
    throw new ProblemError({
      code: 'no-session',
      severity: 'warning',
      message: 'There is no session to release.',
      nextStep: 'Start an agent with "Agent Quota: New Agent Terminal".',
    });
  }
  const record =
    sessionId === undefined
      ? await pickSession(sessions)
      : sessions.find((candidate) => candidate.sessionId === sessionId);
  if (record === undefined) return;
  if (record.runningRequests > 0 && !(await confirmed(record.agentId))) return;
  const released = await engine.releaseSession(record.sessionId);
  const text = released ? `Session of ${record.agentId} released` : `Session of ${record.agentId} had ended already`;
  vscode.window.setStatusBarMessage(text, statusMessageMs);
}

async function pickSession(sessions: readonly AgentRecord[]): Promise<AgentRecord | undefined> {
  const now = Date.now();
  const items = sessions.map((record) => {
    const { label, description, activity } = sessionRow(record, now);
    return { label, description, detail: `${activity} · ${record.workspace} · ${record.sessionId}`, record };
  });
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Release Session',
    placeHolder: 'Whose session ends?',
    matchOnDetail: true,
  });
  return picked?.record;
}

async function confirmed(agentId: string): Promise<boolean> {
  const release = 'Release Session';
  const choice = await vscode.window.showWarningMessage(
    `${agentId} has a request running. Release its session?`,
    { modal: true, detail: 'The running request may be cut off, and the agent is refused from then on.' },
    release,
  );
  return choice === release;
}
