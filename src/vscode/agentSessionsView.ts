import * as vscode from 'vscode';
import { rowKinds, views } from '../contributions.ts';
import { type Clock } from '../core/clock.ts';
import { type AgentRecord, type LinePlace } from '../core/quotaEngine.ts';
import { type SubagentUsage } from '../core/subagent.ts';
import { formatAge } from '../shared/amounts.ts';
import { subagentsByParent } from '../shared/subagentsByParent.ts';
import { type EngineState } from './engineState.ts';
import {
  type RowMark,
  type SessionRow,
  sessionRow,
  sessionTooltip,
  subagentRow,
  subagentTooltip,
  waitingRow,
  waitingTooltip,
} from './sessionRow.ts';
import { type SnapshotStore } from './snapshotStore.ts';
import { Ticker } from './ticker.ts';

/** Ages are shown to the minute. */
const ageIntervalMs = 20_000;

const icons: Readonly<Record<RowMark, vscode.ThemeIcon>> = {
  working: new vscode.ThemeIcon('loading~spin', new vscode.ThemeColor('charts.green')),
  waiting: new vscode.ThemeIcon('watch', new vscode.ThemeColor('charts.yellow')),
  ready: new vscode.ThemeIcon('circle-filled', new vscode.ThemeColor('charts.green')),
  idle: new vscode.ThemeIcon('circle-outline'),
  unauthenticated: new vscode.ThemeIcon('unlock', new vscode.ThemeColor('charts.orange')),
  ended: new vscode.ThemeIcon('circle-slash'),
  subagent: new vscode.ThemeIcon('type-hierarchy-sub'),
};

interface Entry {
  readonly row: SessionRow;
  readonly kind: (typeof rowKinds)[keyof typeof rowKinds];
  /** Ids of the rows under it. */
  readonly children: readonly string[];
  tooltip(now: number): string;
}

/**
 * The view "Agent Sessions". An element is an id: a session's id, with a subagent's after it, or the ticket of one who
 * waits in line. So selection survives updates, and the Release Session command gets the session's id from a row.
 */
export class AgentSessionsView implements vscode.TreeDataProvider<string>, vscode.Disposable {
  readonly #store: SnapshotStore;
  readonly #clock: Clock;
  readonly #changed = new vscode.EventEmitter<string[] | undefined>();
  readonly #view: vscode.TreeView<string>;
  readonly #owned: vscode.Disposable;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #topRows: readonly string[] = [];

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(store: SnapshotStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#read();
    this.#view = vscode.window.createTreeView(views.sessions, { treeDataProvider: this });
    const update = (): void => {
      this.#update();
    };
    this.#owned = vscode.Disposable.from(
      this.#view,
      store.onDidChange(update),
      new Ticker(ageIntervalMs, clock, update),
      this.#changed,
    );
    this.#showMessage();
  }

  /** The session whose row is selected; undefined when none is. */
  get selectedSession(): string | undefined {
    return this.#view.selection.find((id) => this.#entries.get(id)?.kind === rowKinds.session);
  }

  getChildren(id?: string): string[] {
    return [...(id === undefined ? this.#topRows : (this.#entries.get(id)?.children ?? []))];
  }

  getTreeItem(id: string): vscode.TreeItem {
    const entry = this.#entries.get(id);
    const item = new vscode.TreeItem(entry?.row.label ?? '');
    item.id = id;
    if (entry === undefined) return item;
    if (entry.children.length > 0) item.collapsibleState = vscode.TreeItemCollapsibleState.Collapsed;
    item.description = entry.row.description;
    item.iconPath = icons[entry.row.activity];
    item.contextValue = entry.kind;
    item.accessibilityInformation = { label: entry.row.spoken };
    return item;
  }

  /** Tooltips are made when they are looked at, from the numbers of that moment. */
  resolveTreeItem(item: vscode.TreeItem, id: string): vscode.TreeItem {
    const text = this.#entries.get(id)?.tooltip(this.#clock.now());
    if (text !== undefined) item.tooltip = new vscode.MarkdownString(text);
    return item;
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** Redraws only the rows that look different: a redraw closes the tooltip under the mouse. */
  #update(): void {
    const [before, topBefore] = [this.#entries, this.#topRows];
    this.#read();
    this.#showMessage();
    if (this.#topRows.join('\n') !== topBefore.join('\n')) {
      this.#changed.fire(undefined);
      return;
    }
    // A row that is redrawn has those under it drawn anew too: new ones are drawn by it.
    const changed = [...before].flatMap(([id, entry]) => (sameEntry(entry, this.#entries.get(id)) ? [] : [id]));
    if (changed.length > 0) this.#changed.fire(changed);
  }

  #read(): void {
    const { sessions, line } = this.#store.snapshot ?? { sessions: [], line: [] };
    const now = this.#clock.now();
    this.#topRows = [...sessions.map(({ sessionId }) => sessionId), ...line.map(({ ticket }) => ticket)];
    this.#entries = new Map([
      ...sessions.map((record) => [record.sessionId, sessionEntry(record, now)] as const),
      ...sessions.flatMap(subagentEntries),
      ...line.map((place) => [place.ticket, waitingEntry(place, now)] as const),
    ]);
  }

  /** Numbers of an engine that does not run must not look live. */
  #showMessage(): void {
    const { state, snapshot } = this.#store;
    const age =
      snapshot === undefined ? '' : ` These numbers are from ${formatAge(this.#clock.now() - snapshot.at)} ago.`;
    const message = engineMessage(state);
    // An empty text takes the message away.
    this.#view.message = message === '' ? '' : `${message}${age}`;
  }
}

function engineMessage(state: EngineState): string {
  switch (state.kind) {
    case 'starting':
      return 'The quota engine is starting.';
    case 'running':
      return '';
    case 'stopped':
      return `${state.problem.message} ${state.problem.nextStep}`;
  }
}

function sessionEntry(record: AgentRecord, now: number): Entry {
  return {
    row: sessionRow(record, now),
    kind: rowKinds.session,
    children: rowIds(record, subagentsByParent(record.subagents).get(undefined)),
    tooltip: (later) => sessionTooltip(record, later),
  };
}

function waitingEntry(place: LinePlace, now: number): Entry {
  return { row: waitingRow(place, now), kind: rowKinds.waiting, children: [], tooltip: () => waitingTooltip(place) };
}

function subagentEntries(record: AgentRecord): (readonly [string, Entry])[] {
  const started = subagentsByParent(record.subagents);
  return record.subagents.map((subagent) => {
    const children = rowIds(record, started.get(subagent.subagentId));
    const tooltip = (now: number): string => subagentTooltip(subagent, now);
    const entry: Entry = { row: subagentRow(subagent), kind: rowKinds.subagent, children, tooltip };
    return [subagentRowId(record, subagent.subagentId), entry];
  });
}

function rowIds(record: AgentRecord, subagents: readonly SubagentUsage[] = []): string[] {
  return subagents.map(({ subagentId }) => subagentRowId(record, subagentId));
}

function subagentRowId({ sessionId }: AgentRecord, subagentId: string): string {
  return `${sessionId} ${subagentId}`;
}

function sameEntry(a: Entry, b: Entry | undefined): boolean {
  return (
    a.row.label === b?.row.label &&
    a.row.description === b.row.description &&
    a.row.activity === b.row.activity &&
    a.children.join('\n') === b.children.join('\n')
  );
}
