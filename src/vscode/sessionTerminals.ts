import * as vscode from 'vscode';
import { rerun } from '../core/rerun.ts';
import type { Notices } from './notices.ts';
import { ProblemError } from './problemError.ts';
import type { SnapshotStore } from './snapshotStore.ts';

/** The processes that each of these is a child of, the nearest first. */
export type FindAncestors = (pids: readonly number[]) => Promise<ReadonlyMap<number, readonly number[]>>;

/** Which sessions run in a terminal of this window, and in which. */
export class SessionTerminals implements vscode.Disposable {
  readonly #store: SnapshotStore;
  readonly #findAncestors: FindAncestors;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #owned: vscode.Disposable;
  /** Terminals by the process of their shell. */
  readonly #shells = new Map<number, vscode.Terminal>();
  /** Terminals by the session in them. */
  #terminals: ReadonlyMap<string, vscode.Terminal> = new Map();
  /** What was looked at last: sessions' processes and terminals. */
  #lookedAt = '';

  readonly onDidChange = this.#changed.event;

  constructor(store: SnapshotStore, findAncestors: FindAncestors, notices: Pick<Notices, 'logged'>) {
    this.#store = store;
    this.#findAncestors = findAncestors;
    const look = rerun(
      () => this.#look(),
      (cause) => {
        this.#lookedAt = '';
        notices.logged('find the terminals of sessions', cause);
      },
    );
    this.#owned = vscode.Disposable.from(
      store.onDidChange(look),
      vscode.window.onDidOpenTerminal((terminal) => {
        this.#track(terminal, look);
      }),
      vscode.window.onDidCloseTerminal((terminal) => {
        this.#forget(terminal);
        look();
      }),
      this.#changed,
    );
    for (const terminal of vscode.window.terminals) this.#track(terminal, look);
    look();
  }

  /** Ids of the sessions in a terminal of this window. */
  get sessions(): ReadonlySet<string> {
    return new Set(this.#terminals.keys());
  }

  /** @throws ProblemError when the session is in no terminal of this window. */
  focus(sessionId: string): void {
    const terminal = this.#terminals.get(sessionId);
    if (terminal === undefined) {
      throw new ProblemError({
        code: 'no-terminal',
        severity: 'warning',
        message: 'This session runs in no terminal of this window.',
        nextStep: 'Look in the window of its workspace; the session’s tooltip names that and its process.',
      });
    }
    terminal.show();
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** A terminal that never gets a process never tells that: others do not wait for it. */
  #track(terminal: vscode.Terminal, look: () => void): void {
    terminal.processId.then((pid) => {
      if (pid === undefined) return;
      this.#shells.set(pid, terminal);
      look();
    }, look);
  }

  #forget(closed: vscode.Terminal): void {
    for (const [pid, terminal] of this.#shells) if (terminal === closed) this.#shells.delete(pid);
  }

  async #look(): Promise<void> {
    const sessions = this.#store.snapshot?.sessions ?? [];
    const shells = new Map(this.#shells);
    const processes = sessions.map(({ sessionId, process }) => `${sessionId} ${process.pid}`);
    const key = [...processes, '', ...shells.keys()].join('\n');
    if (key === this.#lookedAt) return;
    this.#lookedAt = key;
    await this.#match(sessions, shells);
  }

  async #match(
    sessions: readonly { readonly sessionId: string; readonly process: { readonly pid: number } }[],
    shells: ReadonlyMap<number, vscode.Terminal>,
  ): Promise<void> {
    const pids = new Set(sessions.map(({ process }) => process.pid));
    const ancestors = shells.size === 0 ? new Map<number, number[]>() : await this.#findAncestors([...pids]);
    const found = new Map<string, vscode.Terminal>();
    for (const { sessionId, process } of sessions) {
      const shell = [process.pid, ...(ancestors.get(process.pid) ?? [])].find((pid) => shells.has(pid));
      const terminal = shell === undefined ? undefined : shells.get(shell);
      if (terminal !== undefined) found.set(sessionId, terminal);
    }
    const same = found.size === this.#terminals.size && [...found].every(([id, at]) => this.#terminals.get(id) === at);
    this.#terminals = found;
    if (!same) this.#changed.fire(undefined);
  }
}
