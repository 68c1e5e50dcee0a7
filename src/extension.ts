import type * as vscode from 'vscode';
import { composeWindow, type Window } from './compose.ts';
import type { AgentQuotaApi } from './vscode/agentQuotaApi.ts';

let window: Window | undefined;

/** VS Code starts the extension; what is returned is its API for other extensions. */
export async function activate(context: vscode.ExtensionContext): Promise<AgentQuotaApi> {
  window = await composeWindow(context);
  return window.api;
}

/** VS Code awaits the end, for a few seconds. */
export async function deactivate(): Promise<void> {
  await window?.dispose();
  window = undefined;
}
