import * as vscode from 'vscode';
import { contextKeys } from '../contributions.ts';
import { situationOf } from './situation.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { waitingHere } from './waitingHere.ts';

type ShownKey = 'hasSessions' | 'agentsWait' | 'hasMetered' | 'situation';

/** Keeps what `when` clauses ask about a window's state in step with it. */
export class WindowContext implements vscode.Disposable {
  readonly #subscription: vscode.Disposable;
  readonly #shown = new Map<ShownKey, unknown>();

  constructor(store: SnapshotStore) {
    const update = (): void => {
      const { state, snapshot } = store;
      const sessions = snapshot?.sessions ?? [];
      this.#show('hasSessions', sessions.length > 0);
      this.#show('agentsWait', snapshot !== undefined && waitingHere(snapshot).length > 0);
      if (sessions.some(({ requests }) => requests > 0)) this.#show('hasMetered', true);
      this.#show('situation', situationOf(state));
    };
    this.#subscription = store.onDidChange(update);
    update();
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const key of this.#shown.keys()) this.#show(key, undefined);
  }

  #show(key: ShownKey, value: unknown): void {
    if (this.#shown.has(key) && this.#shown.get(key) === value) return;
    this.#shown.set(key, value);
    void vscode.commands.executeCommand('setContext', contextKeys[key], value);
  }
}
