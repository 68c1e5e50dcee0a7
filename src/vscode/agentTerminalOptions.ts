import * as vscode from 'vscode';
import { type AgentAuth } from '../core/quotaEngine.ts';
import { terminalOverlay } from './terminalOverlay.ts';

type Session = { readonly agentId: string } & (
  Pick<Extract<AgentAuth, { kind: 'authenticated' }>, 'kind' | 'overlay'> | { readonly kind: 'unauthenticated' }
);

/** As VS Code's settings call them; all others are `linux`. */
const platformNames: Readonly<Partial<Record<NodeJS.Platform, string>>> = { win32: 'windows', darwin: 'osx' };

/** What a session's terminal is started with: without quota the environment stays the user's own. */
export function agentTerminalOptions(session: Session): vscode.TerminalOptions {
  const base = { iconPath: new vscode.ThemeIcon('hubot') };
  if (session.kind === 'unauthenticated') {
    return { ...base, name: `Claude Agent: ${session.agentId} (without quota)` };
  }
  const platform = platformNames[process.platform] ?? 'linux';
  const added = vscode.workspace.getConfiguration('terminal.integrated.env').get<unknown>(platform);
  return {
    ...base,
    name: `Claude Agent: ${session.agentId}`,
    env: terminalOverlay(session.overlay, process.env, added),
  };
}
