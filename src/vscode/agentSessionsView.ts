import * as vscode from 'vscode';
import { rowKinds, views } from '../contributions.ts';
import type { Clock } from '../core/clock.ts';
import { runningAgents } from './runningAgents.ts';
import type { RowMark } from './sessionRow.ts';
import type { SessionsLayout } from './sessionsLayout.ts';
import { nothing, type SessionTree, sessionTree, type TreeRow } from './sessionTree.ts';
import type { SessionTerminals } from './sessionTerminals.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { Ticker } from './ticker.ts';
import { treeMessage } from './treeMessage.ts';
import { changedRows } from './changedRows.ts';

/** Ages are shown to the minute. */
const ageIntervalMs = 20_000;

const icons: Readonly<Record<RowMark, vscode.ThemeIcon>> = {
  working: new vscode.ThemeIcon('loading~spin', new vscode.ThemeColor('charts.green')),
  waiting: new vscode.ThemeIcon('watch', new vscode.ThemeColor('charts.yellow')),
  ready: new vscode.ThemeIcon('circle-filled', new vscode.ThemeColor('charts.green')),
  idle: new vscode.ThemeIcon('circle-outline'),
  paused: new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('charts.yellow')),
  failing: new vscode.ThemeIcon('error', new vscode.ThemeColor('charts.red')),
  unauthenticated: new vscode.ThemeIcon('unlock', new vscode.ThemeColor('charts.orange')),
  ended: new vscode.ThemeIcon('circle-slash'),
  subagent: new vscode.ThemeIcon('type-hierarchy-sub'),
  'this window': new vscode.ThemeIcon('window-active'),
  window: new vscode.ThemeIcon('window'),
  agent: new vscode.ThemeIcon('hubot'),
  machine: new vscode.ThemeIcon('vm'),
  detail: new vscode.ThemeIcon('blank'),
};

/**
 * The view "Agent Sessions". An element is an id (see `SessionTree`): so selection and what is open survive updates, and
 * commands get a session's id from a row.
 */
export class AgentSessionsView implements vscode.TreeDataProvider<string>, vscode.Disposable {
  readonly #store: SnapshotStore;
  readonly #layout: SessionsLayout;
  readonly #terminals: SessionTerminals;
  readonly #clock: Clock;
  readonly #changed = new vscode.EventEmitter<string[] | undefined>();
  readonly #view: vscode.TreeView<string>;
  readonly #owned: vscode.Disposable;
  /** Rows that VS Code has asked for; only these can be on screen. */
  readonly #drawn = new Set<string>();
  #tree: SessionTree;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(store: SnapshotStore, layout: SessionsLayout, terminals: SessionTerminals, clock: Clock) {
    this.#store = store;
    this.#layout = layout;
    this.#terminals = terminals;
    this.#clock = clock;
    this.#tree = this.#read();
    this.#view = vscode.window.createTreeView(views.sessions, {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    const update = (): void => {
      this.#update();
    };
    this.#owned = vscode.Disposable.from(
      this.#view,
      store.onDidChange(update),
      layout.onDidChange(update),
      terminals.onDidChange(update),
      new Ticker(ageIntervalMs, clock, update),
      this.#view.onDidChangeVisibility(update),
      this.#changed,
    );
    this.#showFrame();
  }

  /** The sessions whose rows are selected. */
  get selectedSessions(): string[] {
    return this.#view.selection.filter((id) => this.#tree.rows.get(id)?.kind === rowKinds.session);
  }

  getChildren(id?: string): string[] {
    if (id === undefined) this.#drawn.clear();
    const children = id === undefined ? this.#tree.top : (this.#tree.rows.get(id)?.children ?? []);
    for (const child of children) this.#drawn.add(child);
    return [...children];
  }

  getParent(id: string): string | undefined {
    return this.#tree.rows.get(id)?.parent;
  }

  getTreeItem(id: string): vscode.TreeItem {
    const row = this.#tree.rows.get(id);
    const item = new vscode.TreeItem(row?.label ?? '', collapsibleState(row));
    item.id = id;
    if (row === undefined) return item;
    item.description = row.description;
    item.iconPath = icons[row.mark];
    item.contextValue = [row.kind, ...row.flags].join(' ');
    item.accessibilityInformation = { label: row.spoken };
    // A row that is all there is to say needs no tooltip.
    if (row.tooltip === undefined) item.tooltip = row.spoken;
    return item;
  }

  /** Tooltips are made when they are looked at, from the numbers of that moment. */
  resolveTreeItem(item: vscode.TreeItem, id: string): vscode.TreeItem {
    const text = this.#tree.rows.get(id)?.tooltip?.(this.#clock.now());
    if (text !== undefined) item.tooltip = new vscode.MarkdownString(text, true);
    return item;
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** Redraws only the rows that look different, and nothing that is out of sight: a redraw closes the tooltip there. */
  #update(): void {
    const before = this.#tree;
    if (this.#view.visible) {
      this.#tree = this.#read();
      const changed = changedRows(before, this.#tree, this.#drawn);
      if (changed === 'all') this.#changed.fire(undefined);
      else if (changed.length > 0) this.#changed.fire(changed);
    }
    this.#showFrame();
  }

  #read(): SessionTree {
    const { grouping, filter } = this.#layout;
    const workspace = vscode.workspace.name ?? '';
    const wish = { grouping, filter, workspace, inTerminal: this.#terminals.sessions };
    return sessionTree(this.#store.snapshot ?? nothing, wish, this.#clock.now());
  }

  /** What is around the rows: the message above them and the badge. */
  #showFrame(): void {
    const { state } = this.#store;
    const { filter } = this.#layout;
    const { shown, sessions } = this.#tree;
    // An empty text takes the message away.
    this.#view.message = treeMessage(state, { filter, shown, sessions }, this.#clock.now());
    const running = state.kind === 'running' ? runningAgents(state.snapshot) : undefined;
    const badge = running === undefined || running.running === 0 ? undefined : running;
    if (this.#view.badge?.value === badge?.running && this.#view.badge?.tooltip === badge?.text) return;
    this.#view.badge = badge === undefined ? undefined : { value: badge.running, tooltip: badge.text };
  }
}

function collapsibleState(row: TreeRow | undefined): vscode.TreeItemCollapsibleState {
  if (row === undefined || row.children.length === 0) return vscode.TreeItemCollapsibleState.None;
  return row.open ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.Collapsed;
}
