import { undoServiceChange } from './claudeSettings.ts';
import { undoPanelChange } from './panelSetting.ts';
import { forgetUndoRecord, outsideDirectories, readUndoRecord } from './undoRecord.ts';

/**
 * Puts back all that the extension has changed in settings of others, when it has been uninstalled. The wrappers stay:
 * a service that runs was started with theirs, and they run what they are given.
 * @param home the user's home directory.
 * @param extensions the directory that the extension was installed in.
 * @returns what could not be put back, for a log.
 */
export async function undoEverything(home: string, extensions: string): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const directory of await outsideDirectories(home)) {
    const record = await readUndoRecord(directory);
    if (record?.extensions !== extensions) continue;
    const { panel, service, userSettings } = record;
    const left = panel === undefined ? [] : [...(await undoPanelChange(userSettings, panel))];
    if (service !== undefined) await undoServiceChange(service).catch(() => left.push(service.file));
    if (left.length === 0) await forgetUndoRecord(directory);
    failed.push(...left);
  }
  return failed;
}
