import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** VS Code settings by their full names. */
export type UserSettings = Readonly<Record<string, unknown>>;

/** A window without what VS Code would tell a newcomer: clean screenshots, and no dialog that waits for an answer. */
export const quietSettings: UserSettings = {
  'workbench.colorTheme': 'Default Light Modern',
  'window.autoDetectColorScheme': false,
  'workbench.startupEditor': 'none',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'workbench.accounts.experimental.showEntitlements': false,
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'git.autofetch': false,
  'git.openRepositoryInParentFolders': 'never',
  'remote.autoForwardPorts': false,
  'remote.restoreForwardedPorts': false,
  'security.promptForLocalFileProtocolHandling': false,
  'terminal.integrated.initialHint': false,
  'window.confirmBeforeClose': 'never',
  'editor.accessibilitySupport': 'off',
};

/**
 * Writes `settings.json` into a `User` directory. One that is there already stays as it is: who keeps user data keeps
 * what they have set.
 */
export async function writeUserSettings(userDirectory: string, settings: UserSettings): Promise<void> {
  const file = path.join(userDirectory, 'settings.json');
  if (existsSync(file)) return;
  await mkdir(userDirectory, { recursive: true });
  await writeFile(file, `${JSON.stringify(settings, undefined, 2)}\n`);
}
