import * as vscode from 'vscode';
import { webviewPanels } from '../contributions.ts';
import { DashboardFeed } from './dashboardFeed.ts';
import type { DashboardFeedParts } from './dashboardFeedParts.ts';
import { dashboardPage } from './dashboardPage.ts';

/** The dashboard, "Agent Quota": at most one in a window, and the same one after a reload. */
export class DashboardPanel implements vscode.WebviewPanelSerializer, vscode.Disposable {
  readonly #extensionUri: vscode.Uri;
  readonly #parts: DashboardFeedParts;
  readonly #serializer: vscode.Disposable;
  #open: DashboardFeed | undefined;

  constructor(extensionUri: vscode.Uri, parts: DashboardFeedParts) {
    this.#extensionUri = extensionUri;
    this.#parts = parts;
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
      localResourceRoots: [],
    };
    panel.iconPath = vscode.Uri.joinPath(this.#extensionUri, 'media', 'agent-quota.svg');
    const open = new DashboardFeed(panel, this.#parts);
    this.#open = open;
    panel.onDidDispose(() => {
      open.dispose();
      if (this.#open === open) this.#open = undefined;
    });
    panel.webview.html = dashboardPage(vscode.Uri.joinPath(this.#extensionUri, 'dist').fsPath, open.firstView());
  }
}
