import * as vscode from 'vscode';
import { type AgentAuth } from '../core/quotaEngine.ts';

type Session = { readonly agentId: string } & (
  Pick<Extract<AgentAuth, { kind: 'authenticated' }>, 'kind' | 'overlay'> | { readonly kind: 'unauthenticated' }
);

/** What a session's terminal is started with: without quota the environment stays the user's own. */
export function agentTerminalOptions(session: Session): vscode.TerminalOptions {
  const base = { iconPath: new vscode.ThemeIcon('hubot') };
  return session.kind === 'authenticated'
    ? { ...base, name: `Claude Agent: ${session.agentId}`, env: { ...session.overlay } }
    : { ...base, name: `Claude Agent: ${session.agentId} (without quota)` };
}
