import * as vscode from 'vscode';
import { type QuotaEngine } from '../core/quotaEngine.ts';
import { authTestNotice } from './authTestNotice.ts';
import { type Notices } from './notices.ts';

const show = {
  information: vscode.window.showInformationMessage,
  warning: vscode.window.showWarningMessage,
  error: vscode.window.showErrorMessage,
};

/** Makes one real, cheap call with the user's credentials and says exactly what came of it. */
export async function testAuthentication(engine: QuotaEngine, notices: Notices): Promise<void> {
  const result = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Testing authentication' },
    () => engine.testAuthentication(),
  );
  const notice = authTestNotice(result);
  const showLog = 'Show Log';
  const buttons = result.kind === 'fails' ? [showLog] : [];
  // Not awaited: the command is done although the message is still open.
  void show[notice.severity](notice.text, ...buttons).then((choice) => {
    if (choice === showLog) notices.showLog();
  });
}
