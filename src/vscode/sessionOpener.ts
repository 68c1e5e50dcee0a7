import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { type AgentAuth, type LinePlace, type QuotaEngine } from '../core/quotaEngine.ts';

/** A session is usually there at once; only who waits longer is shown a notification. */
const patienceMs = 400;

/** Opens sessions for this window's terminals, and lets the user see their place in line and give up. */
export class SessionOpener {
  readonly #engine: QuotaEngine;
  readonly #lineMoved: vscode.Event<LinePlace>;

  constructor(engine: QuotaEngine, lineMoved: vscode.Event<LinePlace>) {
    this.#engine = engine;
    this.#lineMoved = lineMoved;
  }

  /**
   * @param cancellation of the asker's own, besides the notification's Cancel.
   * @returns undefined when the user gave up.
   */
  async open(agentId: string, cancellation?: vscode.CancellationToken): Promise<AgentAuth | undefined> {
    const ticket = randomUUID();
    let place: number | undefined;
    const line = this.#lineMoved((moved) => {
      if (moved.ticket === ticket) place = moved.place;
    });
    const giveUp = new AbortController();
    const onCancel = cancellation?.onCancellationRequested(() => {
      giveUp.abort();
    });
    giveUp.signal.addEventListener('abort', () => void this.#engine.giveUp(ticket).catch(() => undefined));
    try {
      const answer = this.#engine.setupClaudeAgentAuth({ ticket, agentId });
      if (!(await settlesWithin(answer, patienceMs))) {
        await this.#showWait(agentId, ticket, () => place, answer, giveUp);
      }
      const auth = await answer;
      if (!giveUp.signal.aborted) return auth;
      // The wish may have been granted in the same moment.
      if (auth.kind !== 'refused') await this.#engine.releaseSession(auth.sessionId);
      return undefined;
    } finally {
      line.dispose();
      onCancel?.dispose();
    }
  }

  async #showWait(
    agentId: string,
    ticket: string,
    knownPlace: () => number | undefined,
    answer: Promise<AgentAuth>,
    giveUp: AbortController,
  ): Promise<void> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: `Session for ${agentId}`,
      cancellable: true,
    };
    await vscode.window.withProgress(options, async (progress, token) => {
      const show = (place: number): void => {
        progress.report({ message: `all slots are taken; place ${place} in line` });
      };
      const known = knownPlace();
      if (known === undefined) progress.report({ message: 'asking for a slot' });
      else show(known);
      const line = this.#lineMoved((moved) => {
        if (moved.ticket === ticket) show(moved.place);
      });
      token.onCancellationRequested(() => {
        giveUp.abort();
      });
      try {
        await answer;
      } finally {
        line.dispose();
      }
    });
  }
}

/** Whether a promise is fulfilled or rejected within so many milliseconds. */
async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
