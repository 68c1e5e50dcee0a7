import path from 'node:path';
import type * as vscode from 'vscode';
import { launcherVariables } from '../shared/launcherVariables.ts';
import type { SettingsReader } from './settingsReader.ts';

/** What terminals are given of the directories of commands. */
export interface TerminalCommands {
  /** Has `agent-quota`. */
  readonly bin: string;
  /** Has the `claude` that takes a session. */
  readonly wrap: string;
}

const description = 'Puts `agent-quota` on the PATH of terminals, and has `claude` run under quota.';

/**
 * What Agent Quota adds to the environment of every integrated terminal and task. VS Code keeps it over reloads, so that
 * terminals that are opened before the extension is there have it too, and drops it when the extension is disabled or
 * uninstalled. VS Code marks terminals whose values are not those of now, so nothing is written that is there already.
 */
export class TerminalEnvironment implements vscode.Disposable {
  readonly #collection: vscode.EnvironmentVariableCollection;
  readonly #settings: SettingsReader;
  readonly #commands: TerminalCommands | undefined;
  readonly #subscription: vscode.Disposable;

  /**
   * @param commands undefined when they could not be written.
   * @param home where launchers find the engines.
   */
  constructor(
    collection: vscode.EnvironmentVariableCollection,
    settings: SettingsReader,
    commands: TerminalCommands | undefined,
    home: string,
  ) {
    this.#collection = collection;
    this.#settings = settings;
    this.#commands = commands;
    collection.persistent = true;
    if (collection.description !== description) collection.description = description;
    this.#set(launcherVariables.home, home);
    this.#setPath();
    this.#subscription = settings.onDidChange(() => {
      this.#setPath();
    });
  }

  /** The window's engine listens here from now on. */
  engineAt(address: string): void {
    this.#set(launcherVariables.socket, address);
  }

  /** The values stay: they are those of the next window too. */
  dispose(): void {
    this.#subscription.dispose();
  }

  /** Not through shell integration, which would set again in an agent's shell what its launcher has taken out. */
  #set(name: string, value: string): void {
    if (this.#collection.get(name)?.value !== value)
      this.#collection.replace(name, value, { applyAtProcessCreation: true });
  }

  /**
   * At the start of the process, and once more behind the shell's start-up files, which often put directories of their own
   * first.
   */
  #setPath(): void {
    if (this.#commands === undefined) return;
    const { bin, wrap } = this.#commands;
    const directories = this.#settings.current.wrapClaude ? [wrap, bin] : [bin];
    const value = directories.map((directory) => directory + path.delimiter).join('');
    if (this.#collection.get('PATH')?.value === value) return;
    this.#collection.prepend('PATH', value, { applyAtProcessCreation: true, applyAtShellIntegration: true });
  }
}
