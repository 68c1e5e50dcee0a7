import * as vscode from 'vscode';
import { type CommandId, commands } from '../contributions.ts';
import type { SettingsReader } from './settingsReader.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { statusLines } from './statusLines.ts';

interface StatusItem extends vscode.QuickPickItem {
  readonly command?: CommandId;
}

const actions: readonly StatusItem[] = [
  { label: 'What next', kind: vscode.QuickPickItemKind.Separator },
  { label: '$(dashboard) Open Dashboard', command: commands.showQuotaDetails },
  { label: '$(add) New Agent Terminal', command: commands.newAgentTerminal },
  { label: '$(key) Test Authentication', command: commands.testAuthentication },
  { label: '$(lock) Set API Key for This Window', command: commands.setApiKey },
  { label: '$(clear-all) Clean Up Inactive Sessions', command: commands.cleanUpInactiveSessions },
  { label: '$(output) Show Log', command: commands.showLog },
];

/** The state of things as a list; choosing a line leads on from it. */
export async function showStatus(store: SnapshotStore, settings: SettingsReader): Promise<void> {
  const lines = statusLines(store.state, settings.current.warnAtPercent, Date.now());
  const items = lines.map(({ icon, text, aside, detail, command }): StatusItem => {
    const item: StatusItem = { label: `$(${icon}) ${text}`, description: aside, command };
    return detail === undefined ? item : { ...item, detail };
  });
  const picked = await vscode.window.showQuickPick([...items, ...actions], {
    title: 'Agent Quota: Status',
    placeHolder: 'Choose a line to go on from it',
  });
  if (picked?.command !== undefined) await vscode.commands.executeCommand(picked.command);
}
