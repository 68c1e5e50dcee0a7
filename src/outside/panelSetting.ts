import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { memberOf, withMember } from './jsonMember.ts';
import { readSettingsFile, writeSettingsFile } from './settingsFile.ts';
import type { PanelChange } from './undoRecord.ts';

/** Of Claude Code's extension for VS Code: the program that its panel starts Claude Code through. */
export const panelSetting = 'claudeCode.claudeProcessWrapper';

/**
 * Puts the panel's setting back in VS Code's files, for when VS Code itself cannot: after the extension was uninstalled.
 * Where the setting is another by now, it stays.
 * @param userSettings the directory of VS Code's user settings.
 * @returns the files that could not be read or written.
 */
export async function undoPanelChange(userSettings: string, change: PanelChange): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const file of await settingsFiles(userSettings)) {
    try {
      await undoIn(file, change);
    } catch {
      failed.push(file);
    }
  }
  return failed;
}

async function undoIn(file: string, { ours, had, before }: PanelChange): Promise<void> {
  const text = await readSettingsFile(file);
  if (text?.includes(panelSetting) !== true) return;
  const member = memberOf(text, [panelSetting]);
  if (member.kind === 'absent' || member.value !== ours) return;
  await writeSettingsFile(file, text, withMember(text, [panelSetting], had ? before : undefined));
}

/** Those of the user and of their profiles, and on a remote machine those of the machine. */
async function settingsFiles(userSettings: string): Promise<string[]> {
  const profiles = path.join(userSettings, 'profiles');
  const names = await readdir(profiles).catch(() => []);
  const directories = [
    userSettings,
    ...names.map((name) => path.join(profiles, name)),
    path.join(userSettings, '..', 'Machine'),
  ];
  return directories.map((directory) => path.join(directory, 'settings.json'));
}
