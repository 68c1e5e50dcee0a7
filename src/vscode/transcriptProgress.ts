import * as vscode from 'vscode';
import type { QuotaEngine } from '../core/quotaEngine.ts';

/** Shows how far the first reading of Claude Code's transcripts is, and lets the user give it up. */
export class TranscriptProgress implements vscode.Disposable {
  readonly #engine: Pick<QuotaEngine, 'stopReadingTranscripts'>;
  readonly #subscription: vscode.Disposable;
  #shown: { readonly report: (share: number) => void; readonly end: () => void } | undefined;

  /** @param read 0 to 1; undefined when it is over. */
  constructor(engine: Pick<QuotaEngine, 'stopReadingTranscripts'>, read: vscode.Event<number | undefined>) {
    this.#engine = engine;
    this.#subscription = read((share) => {
      if (share === undefined) this.#end();
      // What is read at one go needs no notification that is gone at once.
      else if (share < 1 || this.#shown !== undefined) {
        this.#shown ??= this.#show();
        this.#shown.report(share);
      }
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#end();
  }

  #end(): void {
    this.#shown?.end();
    this.#shown = undefined;
  }

  #show(): { report: (share: number) => void; end: () => void } {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    let told = 0;
    let show: (percent: number) => void = () => undefined;
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: 'Agent Quota reads what Claude Code used before',
      cancellable: true,
    };
    void vscode.window.withProgress(options, (progress, cancelled) => {
      show = (percent) => {
        progress.report({ increment: percent - told, message: `${Math.floor(percent)}%` });
        told = percent;
      };
      cancelled.onCancellationRequested(() => {
        void this.#engine.stopReadingTranscripts();
      });
      return promise;
    });
    return {
      report: (share) => {
        show(100 * share);
      },
      end: () => {
        resolve(undefined);
      },
    };
  }
}
