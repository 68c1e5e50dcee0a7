import * as vscode from 'vscode';
import { contextKeys } from '../contributions.ts';
import { type SnapshotStore } from './snapshotStore.ts';

/** Keeps the context key for `when` clauses in step with whether any session is live. */
export class SessionsContext implements vscode.Disposable {
  readonly #subscription: vscode.Disposable;
  #shown: boolean | undefined;

  constructor(store: SnapshotStore) {
    const update = (): void => {
      this.#show((store.snapshot?.sessions.length ?? 0) > 0);
    };
    this.#subscription = store.onDidChange(update);
    update();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#show(false);
  }

  #show(hasSessions: boolean): void {
    if (this.#shown === hasSessions) return;
    this.#shown = hasSessions;
    void vscode.commands.executeCommand('setContext', contextKeys.hasSessions, hasSessions);
  }
}
