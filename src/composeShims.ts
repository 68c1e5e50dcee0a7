import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type * as vscode from 'vscode';
import * as z from 'zod';
import { claudeSettingsFile } from './outside/claudeSettings.ts';
import { OutsideChanges } from './outside/outsideChanges.ts';
import { outsideDirectory } from './outside/undoRecord.ts';
import { installShims, type InstalledShims } from './shims/installedShims.ts';
import { keepPanelWrapper, keepServiceWrapper } from './shims/outsideWrappers.ts';
import type { ShimTargets } from './shims/shimTargets.ts';
import { wrapperVariable } from './shared/wrapperCommand.ts';
import type { LauncherPlace } from './vscode/launcherPlace.ts';
import type { Notices } from './vscode/notices.ts';

/** Where the engines of all windows and the secret of their sockets are. */
export function socketsOf(context: vscode.ExtensionContext): string {
  return join(context.globalStorageUri.fsPath, 'sockets');
}

const versionSchema = z.object({ version: z.string() });

/** What all of our commands lead to. */
export function shimTargets(context: vscode.ExtensionContext, { node, script }: LauncherPlace): ShimTargets {
  const { version } = versionSchema.parse(context.extension.packageJSON);
  return { version, node, launcher: script, home: socketsOf(context) };
}

/** @returns undefined when they cannot be written, which is told. */
export async function terminalCommands(
  context: vscode.ExtensionContext,
  targets: ShimTargets,
  notices: Notices,
): Promise<InstalledShims | undefined> {
  const place = { storage: context.globalStorageUri.fsPath, platform: process.platform, userProfile: homedir() };
  try {
    return await installShims(targets, place);
  } catch (cause) {
    notices.logged('put agent-quota on the PATH of terminals', cause);
    return undefined;
  }
}

/** What is changed in settings of others, with the commands that these name. */
export function outsideChanges(context: vscode.ExtensionContext, targets: ShimTargets): OutsideChanges {
  const storage = context.globalStorageUri.fsPath;
  const directory = outsideDirectory(homedir(), storage);
  return new OutsideChanges({
    directory,
    extensions: dirname(context.extensionPath),
    // Of all profiles: `globalStorage/<extension>` is below it.
    userSettings: dirname(dirname(storage)),
    claudeSettings: claudeSettingsFile(process.env, homedir()),
    inheritedWrapper: process.env[wrapperVariable],
    keepPanelWrapper: (own) => keepPanelWrapper({ directory, targets }, own),
    keepServiceWrapper: () => keepServiceWrapper({ directory, targets }),
  });
}
