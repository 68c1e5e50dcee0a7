import * as vscode from 'vscode';
import { commands } from '../contributions.ts';
import { type Clock } from '../core/clock.ts';
import { type FromDashboard, fromDashboardSchema, type ToDashboard } from '../shared/dashboardMessages.ts';
import { dashboardView } from './dashboardView.ts';
import { type Notices } from './notices.ts';
import { type SettingsReader } from './settingsReader.ts';
import { type SnapshotStore } from './snapshotStore.ts';
import { Ticker } from './ticker.ts';

const countdownIntervalMs = 1000;

/** Feeds one details page and does what it asks for. */
export class DetailsPage implements vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
  readonly #store: SnapshotStore;
  readonly #settings: SettingsReader;
  readonly #notices: Notices;
  readonly #clock: Clock;
  readonly #owned: vscode.Disposable;
  /** What the page shows; undefined before it is there. */
  #sent: string | undefined;
  #ready = false;

  constructor(
    panel: vscode.WebviewPanel,
    store: SnapshotStore,
    settings: SettingsReader,
    notices: Notices,
    clock: Clock,
  ) {
    this.panel = panel;
    this.#store = store;
    this.#settings = settings;
    this.#notices = notices;
    this.#clock = clock;
    const update = (): void => {
      this.#update();
    };
    this.#owned = vscode.Disposable.from(
      store.onDidChange(update),
      settings.onDidChange(update),
      new Ticker(countdownIntervalMs, clock, update),
      panel.webview.onDidReceiveMessage((message: unknown) => void this.#received(message)),
    );
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #update(): void {
    if (!this.#ready || !this.panel.visible) return;
    const view = dashboardView(this.#store.state, this.#settings.current.warnAtPercent, this.#clock.now());
    const text = JSON.stringify(view);
    if (text === this.#sent) return;
    this.#sent = text;
    const message: ToDashboard = { type: 'show', view };
    void this.panel.webview.postMessage(message);
  }

  async #received(raw: unknown): Promise<void> {
    const message = fromDashboardSchema.safeParse(raw);
    if (!message.success) {
      this.#notices.logged('understand a message of the details page', message.error);
      return;
    }
    try {
      await this.#do(message.data);
    } catch (cause) {
      this.#notices.failed('do what the details page asked for', cause);
    }
  }

  async #do(message: FromDashboard): Promise<void> {
    switch (message.type) {
      case 'ready':
        // A page that was hidden is built anew and knows nothing.
        this.#ready = true;
        this.#sent = undefined;
        this.#update();
        return;
      case 'testAuthentication':
      case 'newAgentTerminal':
      case 'showLog':
        await vscode.commands.executeCommand(commands[message.type]);
        return;
      case 'release':
        await vscode.commands.executeCommand(commands.releaseSession, message.sessionId);
        return;
    }
  }
}
