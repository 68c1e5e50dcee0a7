import * as vscode from 'vscode';
import { type Notices } from './notices.ts';
import { ProblemError } from './problemError.ts';
import { type SnapshotStore } from './snapshotStore.ts';

/** The processes that each of these is a child of, the nearest first. */
export type FindAncestors = (pids: readonly number[]) => Promise<ReadonlyMap<number, readonly number[]>>;

/** Which sessions run in a terminal of this window, and in which. */
export class SessionTerminals implements vscode.Disposable {
  readonly #store: SnapshotStore;
  readonly #findAncestors: FindAncestors;
  readonly #notices: Pick<Notices, 'logged'>;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #owned: vscode.Disposable;
  #terminals: ReadonlyMap<string, vscode.Terminal> = new Map();
  /** What was looked at last: sessions' processes and terminals. */
  #lookedAt = '';
  #looking = false;

  readonly onDidChange = this.#changed.event;

  constructor(store: SnapshotStore, findAncestors: FindAncestors, notices: Pick<Notices, 'logged'>) {
    this.#store = store;
    this.#findAncestors = findAncestors;
    this.#notices = notices;
    const look = (): void => void this.#look();
    this.#owned = vscode.Disposable.from(
      store.onDidChange(look),
      vscode.window.onDidOpenTerminal(look),
      vscode.window.onDidCloseTerminal(look),
      this.#changed,
    );
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

  /** One look at a time: what changes meanwhile is looked at afterwards. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (;;) {
        const sessions = this.#store.snapshot?.sessions ?? [];
        const terminals = vscode.window.terminals;
        const pids = await Promise.all(terminals.map(({ processId }) => processId));
        const key = [...sessions.map(({ sessionId, process }) => `${sessionId} ${process.pid}`), '', ...pids].join(
          '\n',
        );
        if (key === this.#lookedAt) return;
        this.#lookedAt = key;
        const shells = new Map(
          terminals.flatMap((terminal, index) => {
            const pid = pids[index];
            return pid === undefined ? [] : [[pid, terminal] as const];
          }),
        );
        await this.#match(sessions, shells);
      }
    } catch (cause) {
      this.#notices.logged('find the terminals of sessions', cause);
    } finally {
      this.#looking = false;
    }
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
