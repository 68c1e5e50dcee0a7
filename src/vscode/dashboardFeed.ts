import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { commands } from '../contributions.ts';
import { calendarDay } from '../core/calendarDay.ts';
import type { EngineSnapshot } from '../core/quotaEngine.ts';
import { totalTokens } from '../core/usage.ts';
import { type FromDashboard, fromDashboardSchema, type ToDashboard } from '../shared/dashboardMessages.ts';
import type { UsageTotals } from '../shared/dashboardUsage.ts';
import type { FirstView } from '../shared/firstView.ts';
import { amountTokens } from '../shared/usageHistory.ts';
import { DashboardChanges } from './dashboardChanges.ts';
import type { DashboardFeedParts } from './dashboardFeedParts.ts';
import { type DashboardView, dashboardView } from './dashboardView.ts';
import { EventFeed } from './eventFeed.ts';
import { type ExportTable, sessionsTable, usageTable } from './exportTables.ts';
import { saveTable } from './saveTable.ts';
import { Throttle } from './throttle.ts';
import { Ticker } from './ticker.ts';
import { UsageFeed } from './usageFeed.ts';
import { usageTotals, usageView } from './usageView.ts';

/** As often as a table can be read while it moves, in milliseconds. */
const leastIntervalMs = 1000;

/** Of a snapshot of yesterday nothing is used today. */
function usedOnDayOf(snapshot: EngineSnapshot | undefined, now: number): number {
  if (snapshot === undefined || calendarDay(snapshot.at).key !== calendarDay(now).key) return 0;
  return totalTokens(snapshot.usedToday);
}

/** The commands that act on a session, by what the page calls them. */
const sessionCommands = {
  release: commands.releaseSession,
  pause: commands.pauseSession,
  resume: commands.resumeSession,
  weigh: commands.setSessionWeight,
  focusTerminal: commands.focusTerminal,
} as const;

/** Feeds the dashboard's page while it can be seen, and does what it asks for. */
export class DashboardFeed implements vscode.Disposable {
  readonly panel: vscode.WebviewPanel;
  readonly #parts: DashboardFeedParts;
  readonly #changes = new DashboardChanges();
  readonly #events: EventFeed;
  readonly #usage: UsageFeed;
  /** What the page has of them. */
  #toldTotals: UsageTotals | undefined;
  readonly #throttle: Throttle;
  readonly #owned: vscode.Disposable;
  #ready = false;

  constructor(panel: vscode.WebviewPanel, parts: DashboardFeedParts) {
    this.panel = panel;
    this.#parts = parts;
    const { store, settings, sessionTerminals, clock } = parts;
    this.#throttle = new Throttle(leastIntervalMs, clock, () => {
      this.#update();
    });
    const request = (): void => {
      this.#throttle.request();
    };
    this.#events = new EventFeed(parts, request);
    const usedToday = (): number => usedOnDayOf(store.snapshot, clock.now());
    this.#usage = new UsageFeed({ ...parts, usedToday }, ({ query, history }) => {
      const view = usageView(history, query, clock.now(), usedToday());
      this.#toldTotals = { totals: view.totals, remarks: view.remarks };
      this.#post({ type: 'usage', view });
    });
    this.#owned = vscode.Disposable.from(
      store.onDidChange(request),
      settings.onDidChange(request),
      sessionTerminals.onDidChange(request),
      new Ticker(leastIntervalMs, clock, request),
      this.#throttle,
      panel.onDidChangeViewState(() => {
        // VS Code takes a hidden page down; the next one says when it is there.
        if (!panel.visible) this.#ready = false;
      }),
      panel.webview.onDidReceiveMessage((message: unknown) => void this.#received(message)),
    );
  }

  dispose(): void {
    this.#ready = false;
    this.#owned.dispose();
  }

  /** What a page that is about to be made can show at once. */
  firstView(): FirstView {
    const { parts, rows } = this.#view();
    return { at: this.#parts.clock.now(), parts, rows: [...rows] };
  }

  get #isSeen(): boolean {
    return this.#ready && this.panel.visible;
  }

  #view(): DashboardView {
    const { store, settings, sessionTerminals, clock } = this.#parts;
    return dashboardView({
      state: store.state,
      events: this.#events.events,
      inTerminals: sessionTerminals.sessions,
      warnAtPercent: settings.current.warnAtPercent,
      now: clock.now(),
    });
  }

  #update(): void {
    if (!this.#isSeen) return;
    const message = this.#changes.take(this.#view());
    if (message !== undefined) this.#post(message);
    void this.#events.follow(this.#parts.store.snapshot);
    this.#updateTotals();
    void this.#usage.refresh();
  }

  /** Until the first request of the day has ended, totals would be zero beside what is counted live. */
  #updateTotals(): void {
    const { store, clock } = this.#parts;
    const history = this.#usage.newest?.history;
    if (history === undefined || amountTokens(history.totals.today.quota) > 0) return;
    const now = clock.now();
    const totals = usageTotals(history, now, usedOnDayOf(store.snapshot, now));
    if (isDeepStrictEqual(totals, this.#toldTotals)) return;
    this.#toldTotals = totals;
    this.#post({ type: 'usageTotals', totals });
  }

  #post(message: ToDashboard): void {
    if (this.#isSeen) void this.panel.webview.postMessage(message);
  }

  async #received(raw: unknown): Promise<void> {
    const { notices } = this.#parts;
    const message = fromDashboardSchema.safeParse(raw);
    if (!message.success) {
      notices.logged('understand a message of the dashboard', message.error);
      return;
    }
    try {
      await this.#do(message.data);
    } catch (cause) {
      notices.failed('do what the dashboard asked for', cause);
    }
  }

  async #do(message: FromDashboard): Promise<void> {
    switch (message.type) {
      case 'ready':
        // A page that was hidden is built anew and knows nothing.
        this.#ready = true;
        this.#changes.forget();
        this.#update();
        await this.#usage.show(message.usage);
        return;
      case 'showUsage':
        await this.#usage.show(message.usage);
        return;
      case 'testAuthentication':
      case 'newAgentTerminal':
      case 'showLog':
        await vscode.commands.executeCommand(commands[message.type]);
        return;
      case 'release':
      case 'pause':
      case 'resume':
      case 'weigh':
      case 'focusTerminal':
        await vscode.commands.executeCommand(sessionCommands[message.type], message.sessionId);
        return;
      case 'exportSessions': {
        const rows = new Map(this.#view().rows.map((row) => [row.id, row]));
        const shown = message.ids.flatMap((id) => rows.get(id) ?? []);
        await this.#export(sessionsTable(shown), message.format);
        return;
      }
      case 'exportUsage':
        if (this.#usage.newest !== undefined) await this.#export(usageTable(this.#usage.newest), message.format);
        return;
      case 'failed':
        this.#parts.notices.logged('show all of the dashboard', message.what);
        return;
    }
  }

  async #export(table: ExportTable, format: 'csv' | 'json'): Promise<void> {
    const file = await saveTable(table, format);
    if (file !== undefined) this.#post({ type: 'say', text: `Exported to ${basename(file.fsPath)}` });
  }
}
