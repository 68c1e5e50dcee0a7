import * as vscode from 'vscode';
import type { Problem } from '../core/credentials.ts';
import { readSettings, type Settings } from './settings.ts';

/**
 * The user's settings, kept up to date. Only user values are read: a workspace must not be able to change the quota
 * under which its agents run, or where their traffic goes.
 */
export class SettingsReader implements vscode.Disposable {
  readonly #report: (problem: Problem) => void;
  readonly #changed = new vscode.EventEmitter<Settings>();
  readonly #subscription: vscode.Disposable;
  /** Messages of the problems that were reported, so that each bad value is reported once. */
  readonly #reported = new Set<string>();
  #current: Settings;

  /** Fires after a change that makes a difference. */
  readonly onDidChange: vscode.Event<Settings> = this.#changed.event;

  constructor(report: (problem: Problem) => void) {
    this.#report = report;
    this.#current = this.#read();
    this.#subscription = vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('agentQuota') || change.affectsConfiguration('http')) this.#refresh();
    });
  }

  get current(): Settings {
    return this.#current;
  }

  /** Whether the user has given a setting a value of their own. */
  isSet(id: string): boolean {
    return vscode.workspace.getConfiguration().inspect(id)?.globalValue !== undefined;
  }

  /** Changes a user setting. */
  async set(id: string, value: unknown): Promise<void> {
    await vscode.workspace.getConfiguration().update(id, value, vscode.ConfigurationTarget.Global);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  #refresh(): void {
    const settings = this.#read();
    if (JSON.stringify(settings) === JSON.stringify(this.#current)) return;
    this.#current = settings;
    this.#changed.fire(settings);
  }

  #read(): Settings {
    const configuration = vscode.workspace.getConfiguration();
    const { settings, problems } = readSettings((id) => configuration.inspect(id)?.globalValue);
    for (const problem of problems) {
      if (this.#reported.has(problem.message)) continue;
      this.#reported.add(problem.message);
      this.#report(problem);
    }
    return settings;
  }
}
