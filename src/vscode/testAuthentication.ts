import * as vscode from 'vscode';
import type { QuotaEngine } from '../core/quotaEngine.ts';
import { authTestNotice } from '../shared/authTestNotice.ts';
import type { Notices } from './notices.ts';

const show = {
  information: vscode.window.showInformationMessage,
  warning: vscode.window.showWarningMessage,
  error: vscode.window.showErrorMessage,
};

/**
 * Looks for the user's credentials, makes one real, cheap call with them and says exactly what came of it.
 * @param look resolves when they have been looked for anew and the engine knows them.
 */
export async function testAuthentication(
  engine: QuotaEngine,
  notices: Notices,
  look: () => Promise<void>,
): Promise<void> {
  const result = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Testing authentication' },
    async () => {
      await look();
      return engine.testAuthentication();
    },
  );
  const notice = authTestNotice(result);
  const showLog = 'Show Log';
  const buttons = result.kind === 'fails' ? [showLog] : [];
  // Not awaited: the command is done although the message is still open.
  void show[notice.severity](notice.text, ...buttons).then((choice) => {
    if (choice === showLog) notices.showLog();
  });
}
