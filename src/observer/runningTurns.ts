import type { Clock } from '../core/clock.ts';
import type { UsageEntry } from '../core/ledger.ts';
import type { Logger } from '../core/logger.ts';
import type { ObservedTurn } from '../core/observedTurn.ts';

/** What turns are begun and booked with. */
export interface TurnAdmission {
  admitTurn(sessionId: string, signal: AbortSignal): Promise<ObservedTurn>;
  book(sessionId: string, entry: UsageEntry): Promise<boolean>;
}

interface RunningTurn {
  readonly turn: ObservedTurn;
  cancelTimer: () => void;
  isOver: boolean;
}

/**
 * A turn that nothing is heard of for so long is taken for over, in milliseconds: one that its user has interrupted
 * ends without a word (Claude Code 2.1.330). What is reported of it later still counts.
 */
const quietMs = 5 * 60_000;

/**
 * What a turn has used is told a little later than its end, and what is learned from a turn should have it all, in
 * milliseconds. Claude Code is told to export once a second.
 */
const lateReportsMs = 3000;

/** The turn that each observed session has under way: the one place where reported usage finds its turn. */
export class RunningTurns {
  readonly #admission: TurnAdmission;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #turns = new Map<string, RunningTurn>();

  constructor(admission: TurnAdmission, clock: Clock, logger: Logger) {
    this.#admission = admission;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Waits in line until a session's next turn may begin; the one before is over by then.
   * @throws AdmissionRefusedError, or the signal's reason.
   */
  async begin(sessionId: string, signal: AbortSignal): Promise<void> {
    await this.#endNow(sessionId);
    const turn = await this.#admission.admitTurn(sessionId, signal);
    if (signal.aborted) {
      await turn.end();
      signal.throwIfAborted();
    }
    // Another prompt of the same session may have been admitted meanwhile: at no moment is a turn in nobody's hands.
    const before = this.#turns.get(sessionId);
    const running: RunningTurn = { turn, cancelTimer: () => undefined, isOver: false };
    this.#turns.set(sessionId, running);
    running.cancelTimer = this.#endAfter(quietMs, sessionId, running);
    before?.cancelTimer();
    await before?.turn.end();
  }

  /** Something is heard of the session: its turn goes on. */
  heard(sessionId: string): void {
    const running = this.#turns.get(sessionId);
    if (running === undefined || running.isOver) return;
    running.cancelTimer();
    running.cancelTimer = this.#endAfter(quietMs, sessionId, running);
  }

  /** Books what a session has used, in its turn if one is under way. @returns false when it was booked before. */
  book(sessionId: string, entry: UsageEntry): Promise<boolean> {
    this.heard(sessionId);
    return this.#turns.get(sessionId)?.turn.report(entry) ?? this.#admission.book(sessionId, entry);
  }

  /** The session's turn is over, and ends when what it has used is told; harmless when none is under way. */
  end(sessionId: string): void {
    const running = this.#turns.get(sessionId);
    if (running === undefined || running.isOver) return;
    running.isOver = true;
    running.cancelTimer();
    running.cancelTimer = this.#endAfter(lateReportsMs, sessionId, running);
  }

  /** Stops watching. What turns hold is given back by whoever clears up after this engine. */
  dispose(): void {
    for (const { cancelTimer } of this.#turns.values()) cancelTimer();
    this.#turns.clear();
  }

  /** @param running ends only if it is still the session's turn; whichever is, when left out. */
  async #endNow(sessionId: string, running = this.#turns.get(sessionId)): Promise<void> {
    if (running === undefined || this.#turns.get(sessionId) !== running) return;
    this.#turns.delete(sessionId);
    running.cancelTimer();
    await running.turn.end();
  }

  #endAfter(milliseconds: number, sessionId: string, running: RunningTurn): () => void {
    return this.#clock.after(milliseconds, () => {
      this.#endNow(sessionId, running).catch((error: unknown) => {
        this.#logger.error('The turn of an agent could not be ended.', error);
      });
    });
  }
}
