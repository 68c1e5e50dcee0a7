import * as vscode from 'vscode';
import * as z from 'zod';
import type { LinePlace, QuotaEngine } from '../core/quotaEngine.ts';
import type { Notices } from './notices.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import { ticketToStart, waitingHere } from './waitingHere.ts';
import { waitingText } from './waitingText.ts';

const ticketSchema = z.string().min(1);

/**
 * Agents of this window that wait for a slot, in one notification for all of them: who waits in a terminal may be out of
 * sight. Other windows' agents are theirs to show.
 */
export class WaitingNotice implements vscode.Disposable {
  readonly #engine: QuotaEngine;
  readonly #store: SnapshotStore;
  readonly #notices: Pick<Notices, 'failed'>;
  readonly #subscription: vscode.Disposable;
  /** Changes what is shown; undefined while nothing is. */
  #update: (() => void) | undefined;
  /** Those whose wait the user has ended, while the engine may still tell of them. */
  readonly #leaving = new Set<string>();
  #disposed = false;

  constructor(engine: QuotaEngine, store: SnapshotStore, notices: Pick<Notices, 'failed'>) {
    this.#engine = engine;
    this.#store = store;
    this.#notices = notices;
    this.#subscription = store.onDidChange(() => {
      if (this.#update !== undefined) this.#update();
      else if (this.#waiting.length > 0) this.#show();
    });
  }

  /**
   * @param ticket whose; the longest waiting when it is none.
   * @throws ProblemError where it does not wait in this window.
   */
  async startWithoutQuota(ticket: unknown): Promise<void> {
    await this.#engine.startWithoutQuota(ticketToStart(this.#waiting, ticketSchema.safeParse(ticket).data));
  }

  dispose(): void {
    this.#disposed = true;
    this.#subscription.dispose();
    this.#update?.();
  }

  /** In the order in which they came. */
  get #waiting(): readonly LinePlace[] {
    const { state } = this.#store;
    if (state.kind !== 'running' || this.#disposed) return [];
    return waitingHere(state.snapshot).filter(({ ticket }) => !this.#leaving.has(ticket));
  }

  #show(): void {
    const options = { location: vscode.ProgressLocation.Notification, cancellable: true };
    void vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(() => void this.#giveUp());
      return new Promise<void>((resolve) => {
        let shown = '';
        this.#update = () => {
          const text = waitingText(this.#waiting);
          if (text === undefined) {
            this.#update = undefined;
            resolve();
          } else if (text !== shown) {
            shown = text;
            progress.report({ message: text });
          }
        };
        this.#update();
      });
    });
  }

  async #giveUp(): Promise<void> {
    const tickets = this.#waiting.map(({ ticket }) => ticket);
    for (const ticket of tickets) this.#leaving.add(ticket);
    this.#update?.();
    try {
      await Promise.all(tickets.map((ticket) => this.#engine.giveUp(ticket)));
    } catch (cause) {
      // They are in line still, and are shown again.
      for (const ticket of tickets) this.#leaving.delete(ticket);
      this.#notices.failed('leave the line', cause);
    }
  }
}
