import path from 'node:path';
import { processWrapperName } from '../shared/launcherVerbs.ts';
import { keepFile, privateDirectory } from './keptFile.ts';
import type { ShimTargets } from './shimTargets.ts';
import { panelWrapperScript, processWrapperScript } from './wrapperScripts.ts';

/** Where the wrappers are that settings of others name. VS Code does not remove it with the extension. */
export interface WrapperPlace {
  readonly directory: string;
  readonly targets: ShimTargets;
}

/** @returns the file. @throws when it cannot be written. */
export async function keepPanelWrapper({ directory, targets }: WrapperPlace, own: string | undefined): Promise<string> {
  return keep(directory, 'claude-panel-wrapper', panelWrapperScript(targets, own));
}

/** @returns the file. @throws when it cannot be written. */
export async function keepServiceWrapper({ directory, targets }: WrapperPlace): Promise<string> {
  return keep(directory, processWrapperName, processWrapperScript(targets));
}

async function keep(directory: string, name: string, text: string): Promise<string> {
  await privateDirectory(directory);
  const file = path.join(directory, name);
  await keepFile(file, text);
  return file;
}
