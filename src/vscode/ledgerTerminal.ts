import * as vscode from 'vscode';

/** What is done to the shared ledger from a window. */
export type LedgerVerb = 'init' | 'check';

/**
 * Runs `agent-quota ledger …` in a terminal in sight: it may take an administrator's address, which is the terminal's
 * business and not the window's, and says itself what is wrong and what to do.
 */
export function runInLedgerTerminal(verb: LedgerVerb): void {
  const terminal = vscode.window.createTerminal({ name: 'Shared ledger', iconPath: new vscode.ThemeIcon('database') });
  terminal.show();
  terminal.sendText(`agent-quota ledger ${verb}`);
}
