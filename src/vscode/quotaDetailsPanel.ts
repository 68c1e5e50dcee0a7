import * as vscode from 'vscode';
import { webviewPanels } from '../contributions.ts';
import { type Clock } from '../core/clock.ts';
import { dashboardPage } from './dashboardPage.ts';
import { DetailsPage } from './detailsPage.ts';
import { type Notices } from './notices.ts';
import { type SettingsReader } from './settingsReader.ts';
import { type SnapshotStore } from './snapshotStore.ts';

/** The page "Agent Quota": at most one in a window, and the same one after a reload. */
export class QuotaDetailsPanel implements vscode.WebviewPanelSerializer, vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #store: SnapshotStore;
  readonly #settings: SettingsReader;
  readonly #notices: Notices;
  readonly #clock: Clock;
  readonly #serializer: vscode.Disposable;
  #open: DetailsPage | undefined;

  constructor(
    extensionUri: vscode.Uri,
    store: SnapshotStore,
    settings: SettingsReader,
    notices: Notices,
    clock: Clock,
  ) {
    this.#extensionUri = extensionUri;
    this.#store = store;
    this.#settings = settings;
    this.#notices = notices;
    this.#clock = clock;
    this.#serializer = vscode.window.registerWebviewPanelSerializer(webviewPanels.quotaDetails, this);
  }

  show(): void {
    if (this.#open !== undefined) {
      this.#open.panel.reveal();
      return;
    }
    this.#own(vscode.window.createWebviewPanel(webviewPanels.quotaDetails, 'Agent Quota', vscode.ViewColumn.Active));
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    if (this.#open === undefined) this.#own(panel);
    else panel.dispose();
    return Promise.resolve();
  }

  dispose(): void {
    this.#serializer.dispose();
    this.#open?.panel.dispose();
  }

  #own(panel: vscode.WebviewPanel): void {
    panel.webview.options = {
      enableScripts: true,
      localResourceRoots: ['dist', 'media'].map((folder) => vscode.Uri.joinPath(this.#extensionUri, folder)),
    };
    panel.iconPath = vscode.Uri.joinPath(this.#extensionUri, 'media', 'agent-quota.svg');
    const open = new DetailsPage(panel, this.#store, this.#settings, this.#notices, this.#clock);
    this.#open = open;
    panel.onDidDispose(() => {
      open.dispose();
      if (this.#open === open) this.#open = undefined;
    });
    panel.webview.html = dashboardPage(panel.webview, this.#extensionUri);
  }
}
