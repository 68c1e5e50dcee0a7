import * as vscode from 'vscode';
import { commands } from '../contributions.ts';
import type { Clock } from '../core/clock.ts';
import { quotaFace } from './quotaFace.ts';
import { quotaTooltip, tooltipCommands } from './quotaTooltip.ts';
import type { SettingsReader } from './settingsReader.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { Ticker } from './ticker.ts';

const countdownIntervalMs = 15_000;

const backgrounds = {
  normal: undefined,
  warning: new vscode.ThemeColor('statusBarItem.warningBackground'),
  error: new vscode.ThemeColor('statusBarItem.errorBackground'),
};

/** Always in sight: the quota used and the agents running. */
export class QuotaStatusBarItem implements vscode.Disposable {
  readonly #store: SnapshotStore;
  readonly #settings: SettingsReader;
  readonly #clock: Clock;
  readonly #item: vscode.StatusBarItem;
  readonly #owned: vscode.Disposable;
  #tooltip = '';

  constructor(store: SnapshotStore, settings: SettingsReader, clock: Clock) {
    this.#store = store;
    this.#settings = settings;
    this.#clock = clock;
    this.#item = vscode.window.createStatusBarItem('quota', vscode.StatusBarAlignment.Left, 0);
    this.#item.name = 'Agent Quota';
    this.#item.command = commands.showQuotaDetails;
    const update = (): void => {
      this.#update();
    };
    const ticker = new Ticker(countdownIntervalMs, clock, update);
    this.#owned = vscode.Disposable.from(this.#item, store.onDidChange(update), settings.onDidChange(update), ticker);
    update();
    this.#item.show();
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #update(): void {
    const { warnAtPercent, statusBarFormat } = this.#settings.current;
    const now = this.#clock.now();
    const face = quotaFace(this.#store.state, { format: statusBarFormat, warnAtPercent }, now);
    this.#item.text = face.text;
    this.#item.backgroundColor = backgrounds[face.level];
    this.#item.accessibilityInformation = { label: face.spoken };
    const tooltip = quotaTooltip(this.#store.state, warnAtPercent, now);
    if (tooltip === this.#tooltip) return;
    this.#tooltip = tooltip;
    const markdown = new vscode.MarkdownString(tooltip, true);
    markdown.isTrusted = { enabledCommands: tooltipCommands };
    this.#item.tooltip = markdown;
  }
}
