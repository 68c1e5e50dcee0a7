import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import {
  ClaudePanel,
  claudeCodeExtension,
  type ClaudePanelParts,
  type PanelMemory,
  type PanelWindow,
} from './claudePanel.ts';
import { ClaudeService, type ServiceMemory } from './claudeService.ts';

/** What remembers the changes. */
export interface OutsideMemory extends PanelMemory, ServiceMemory {
  /** Writes the wrappers that are in use anew. */
  refresh(): Promise<void>;
}

/** What is told with, and whether it has been. */
export type OutsideTold = Pick<ClaudePanelParts, 'notices' | 'asked' | 'claim'> & {
  readonly notices: { logged(what: string, cause: unknown): void };
};

/** What Claude Code starts past every terminal: the agents of its panel and its background service. */
export class ClaudeOutside implements vscode.Disposable {
  readonly panel: ClaudePanel;
  readonly service: ClaudeService;
  readonly #memory: OutsideMemory;
  readonly #told: OutsideTold;
  readonly #subscription: vscode.Disposable;

  constructor(memory: OutsideMemory, platform: NodeJS.Platform, told: OutsideTold) {
    this.#memory = memory;
    this.#told = told;
    this.panel = new ClaudePanel({ memory, window: panelWindow(), platform, ...told });
    this.service = new ClaudeService({ memory, platform, ask: askModally, tell, setContext });
    this.#subscription = vscode.Disposable.from(
      vscode.extensions.onDidChange(() => void this.panel.consider()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('claudeCode')) void this.panel.consider();
      }),
    );
  }

  /** Brings what is in use up to date, and asks if the user has not been asked. Never rejects. */
  async start(): Promise<void> {
    try {
      await this.#memory.refresh();
      await this.service.showState();
    } catch (cause) {
      this.#told.notices.logged('bring the programs that Claude Code starts through up to date', cause);
    }
    await this.panel.consider();
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}

function panelWindow(): PanelWindow {
  return {
    isInstalled: () => vscode.extensions.getExtension(claudeCodeExtension) !== undefined,
    userValue: (id) => vscode.workspace.getConfiguration().inspect(id)?.globalValue,
    set: async (id, value) => {
      await vscode.workspace.getConfiguration().update(id, value, vscode.ConfigurationTarget.Global);
    },
    setContext,
    isProgram: async (file) => {
      if (!path.isAbsolute(file)) return false;
      try {
        await access(file, constants.X_OK);
        return (await stat(file)).isFile();
      } catch {
        return false;
      }
    },
    suggest: (text, ...buttons) => vscode.window.showInformationMessage(text, ...buttons),
    ask: askModally,
    tell,
  };
}

function askModally(text: string, detail: string, button: string): Thenable<string | undefined> {
  return vscode.window.showWarningMessage(text, { modal: true, detail }, button);
}

function tell(text: string): void {
  void vscode.window.showInformationMessage(text);
}

function setContext(key: string, value: unknown): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
