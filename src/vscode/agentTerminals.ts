import * as vscode from 'vscode';
import { terminalProfiles } from '../contributions.ts';
import type { Clock } from '../core/clock.ts';
import type { LauncherEndpoint } from '../core/quotaEngine.ts';
import { agentTerminalName, agentTerminalOptions, type TerminalLauncher } from './agentTerminalOptions.ts';
import { defaultShell } from './defaultShell.ts';
import { launcherEnvironment } from './launcherPlace.ts';
import { nextAgentName } from './nextAgentName.ts';
import type { Notices } from './notices.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { type ShellSource, windowShell } from './windowShell.ts';

const shellOfWindow: ShellSource = {
  current: () => vscode.env.shell,
  onChange: (listener) => vscode.env.onDidChangeShell(listener),
};

/**
 * Terminals whose shell, and all that is started in it, runs under a session of its own: their program is the launcher,
 * which takes the session, and whose process the session lives as long as.
 */
export class AgentTerminals implements vscode.TerminalProfileProvider, vscode.Disposable {
  readonly #store: SnapshotStore;
  readonly #launcher: TerminalLauncher;
  readonly #endpoint: () => Promise<LauncherEndpoint>;
  readonly #notices: Notices;
  readonly #clock: Clock;
  readonly #owned: vscode.Disposable;
  /** Agents' names by their terminals': those of which the snapshot may not show a session yet. */
  readonly #names = new Map<string, string>();

  /** @param endpoint asked each time, because the engine may have started again. */
  constructor(
    store: SnapshotStore,
    launcher: TerminalLauncher,
    endpoint: () => Promise<LauncherEndpoint>,
    notices: Notices,
    clock: Clock,
  ) {
    this.#store = store;
    this.#launcher = launcher;
    this.#endpoint = endpoint;
    this.#notices = notices;
    this.#clock = clock;
    this.#owned = vscode.Disposable.from(
      vscode.window.registerTerminalProfileProvider(terminalProfiles.claudeAgent, this),
      vscode.window.onDidCloseTerminal(({ creationOptions }) => {
        this.#names.delete(creationOptions.name ?? '');
      }),
    );
  }

  /** Opens a terminal, which waits for its slot in sight. */
  async openTerminal(): Promise<void> {
    vscode.window.createTerminal(await this.#options()).show();
  }

  async provideTerminalProfile(): Promise<vscode.TerminalProfile> {
    return new vscode.TerminalProfile(await this.#options());
  }

  /** Terminals and their sessions outlive a reload of the window. */
  dispose(): void {
    this.#owned.dispose();
  }

  async #options(): Promise<vscode.TerminalOptions> {
    const live = this.#store.snapshot?.sessions.map(({ agentId }) => agentId) ?? [];
    const waiting = this.#store.snapshot?.line.map(({ agentId }) => agentId) ?? [];
    const agentId = nextAgentName(new Set([...live, ...waiting, ...this.#names.values()]));
    this.#names.set(agentTerminalName(agentId), agentId);
    const configuration = vscode.workspace.getConfiguration('terminal.integrated');
    const program = await windowShell(shellOfWindow, this.#clock, process.platform, process.env);
    const shell = defaultShell(program, process.platform, (name) => configuration.get<unknown>(name));
    const options = agentTerminalOptions(agentId, shell, this.#launcher, await this.#environment());
    return { ...options, iconPath: new vscode.ThemeIcon('hubot') };
  }

  /** Without an engine the terminal opens all the same, and its launcher says what is wrong. */
  async #environment(): Promise<Readonly<Record<string, string>>> {
    try {
      return launcherEnvironment(await this.#endpoint());
    } catch (cause) {
      this.#notices.logged('find the engine for an agent terminal', cause);
      return {};
    }
  }
}
