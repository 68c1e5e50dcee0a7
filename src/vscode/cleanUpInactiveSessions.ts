import * as vscode from 'vscode';
import type { QuotaEngine } from '../core/quotaEngine.ts';
import { cleanUpText } from '../shared/cleanUpText.ts';
import type { SettingsReader } from './settingsReader.ts';

/** Ends sessions whose process is gone and takes the slots of inactive ones, and says what it did. */
export async function cleanUpInactiveSessions(engine: QuotaEngine, settings: SettingsReader): Promise<void> {
  const { inactivityMs } = settings.current;
  const changed = await engine.cleanupInactiveAgents(inactivityMs);
  // Not awaited: the command is done although the message is still open.
  void vscode.window.showInformationMessage(cleanUpText(changed, inactivityMs));
}
