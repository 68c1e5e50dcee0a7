import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { hostDriver } from '../host/driverClient.ts';
import { agentQuota, ask } from './quotaWindow.ts';

const driver = hostDriver();
/** The view's list. */
export const list = '.tree-explorer-viewlet-tree-view .monaco-list';

/** What stands in the rows on screen. */
export async function rows(within: 'workbench' | 'other window' = 'workbench'): Promise<string[]> {
  const found = await driver.evaluate(
    `[...document.querySelectorAll('${list} .monaco-list-row')]
      .sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index))
      .map((row) => ['.label-name', '.label-description'].map((part) => row.querySelector(part)?.innerText.trim()).join(' '))`,
    { within },
  );
  return found as string[];
}

/** Selects the row with a text. */
export const rowOf = (text: string): string => `${list} .monaco-list-row:has-text("${text}")`;

/** What the status bar says. */
export async function statusBar(within: 'workbench' | 'other window' = 'workbench'): Promise<string> {
  return String(
    await driver.evaluate(
      `[...document.querySelectorAll('.statusbar-item')].map(({ innerText }) => innerText).find((text) => text.includes('agents')) ?? ''`,
      { within },
    ),
  );
}

/** The number on the view's icon; empty for none. */
export async function badge(within: 'workbench' | 'other window' = 'workbench'): Promise<string> {
  return String(
    await driver.evaluate(
      `document.querySelector('.activitybar .action-item:has([aria-label*="Agent Quota"]) .badge-content')?.innerText ?? ''`,
      { within },
    ),
  );
}

/** Opens a session. @returns its id, and what makes a request in it. */
export async function open(agentId: string): Promise<{ id: string; ask: (content?: string) => Promise<number> }> {
  const auth = await (await agentQuota()).setupClaudeAgentAuth(agentId);
  assert.equal(auth.kind, 'authenticated');
  const { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: token } = auth.overlay;
  return { id: auth.sessionId, ask: (content) => ask(url ?? '', token ?? '', content) };
}

/** Runs a command. */
export const run = (command: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(command, ...args);
