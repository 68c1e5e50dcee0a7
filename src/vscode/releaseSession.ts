import * as vscode from 'vscode';
import type { QuotaEngine, ShownSession } from '../core/quotaEngine.ts';
import { formatNumberOf } from '../shared/amounts.ts';

const statusMessageMs = 5000;

/** Ends sessions: their tokens are dead and their slots free. Asks first only when that cuts off running requests. */
export async function releaseSessions(engine: QuotaEngine, sessions: readonly ShownSession[]): Promise<void> {
  const [first] = sessions;
  if (first === undefined) return;
  const busy = sessions.filter(({ runningRequests }) => runningRequests > 0);
  if (busy.length > 0 && !(await confirmed(sessions, busy))) return;
  const released = await Promise.all(sessions.map(({ sessionId }) => engine.releaseSession(sessionId)));
  const count = released.filter(Boolean).length;
  const one = count === 1 ? `Session of ${first.agentId} released` : `Session of ${first.agentId} had ended already`;
  const text = sessions.length === 1 ? one : `${formatNumberOf(count, 'session')} released`;
  vscode.window.setStatusBarMessage(text, statusMessageMs);
}

async function confirmed(sessions: readonly ShownSession[], busy: readonly ShownSession[]): Promise<boolean> {
  const one = sessions.length === 1;
  const release = one ? 'Release Session' : 'Release Sessions';
  const names = [...new Set(busy.map(({ agentId }) => agentId))].join(', ');
  const has = busy.length === 1 ? 'has a request running' : 'have requests running';
  const choice = await vscode.window.showWarningMessage(
    `${names} ${has}. Release ${one ? 'its session' : formatNumberOf(sessions.length, 'session')}?`,
    {
      modal: true,
      detail: one
        ? 'The running request may be cut off, and the agent is refused from then on.'
        : 'Running requests may be cut off, and the agents are refused from then on.',
    },
    release,
  );
  return choice === release;
}
