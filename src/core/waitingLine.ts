import type { Decided } from './admissionRefusals.ts';
import type { Clock } from './clock.ts';
import type { LineRun } from './ledger.ts';
import { rerun } from './rerun.ts';

/** When the line is run again after that has failed, in milliseconds. */
const retryMs = 1000;

/** One of an engine's requests, from before it is in line until it is decided. */
export interface PlaceInLine {
  /** It was put into the line. @returns whether it has to wait there. */
  enqueued(run: LineRun): boolean;
  /** It is decided, or has left. */
  over(): void;
}

/** An engine's requests in the ledger's line, which is run on when it may have moved, while any of them wait in it. */
export class WaitingLine {
  readonly #clock: Clock;
  readonly #decide = new Map<string, (decided: Decided) => void>();
  readonly #rerun: () => void;
  /** How many were not decided when they were put into the line. */
  #inLine = 0;
  /** How often the line was to be run. */
  #asks = 0;
  #cancelTimer: () => void = () => undefined;
  #nextAt: number | undefined;

  /**
   * @param runLine runs the ledger's line.
   * @param failed told when that fails; it is tried again.
   */
  constructor(clock: Clock, runLine: () => Promise<LineRun>, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#rerun = rerun(
      async () => {
        if (this.#inLine > 0) this.#take(await runLine());
      },
      (error) => {
        failed(error);
        this.#cancelTimer();
        this.#cancelTimer = clock.after(retryMs, this.run);
      },
    );
  }

  /** When the line moves if nothing else happens; undefined when that is not known. */
  get nextAt(): number | undefined {
    return this.#nextAt;
  }

  /** Something has changed. */
  readonly run = (): void => {
    this.#asks += 1;
    if (this.#inLine > 0) this.#rerun();
  };

  /** A request is about to be put into the line. @param decide told what becomes of it there. */
  join(reservationId: string, decide: (decided: Decided) => void): PlaceInLine {
    this.#decide.set(reservationId, decide);
    const asks = this.#asks;
    let isInLine = false;
    return {
      enqueued: (run) => {
        this.#take(run);
        isInLine = !run.decided.has(reservationId);
        if (!isInLine) return false;
        this.#inLine += 1;
        // What has changed since it was put there was told when nobody may have been in line.
        if (this.#asks !== asks) this.run();
        return true;
      },
      over: () => {
        if (isInLine) this.#inLine -= 1;
        isInLine = false;
        this.#decide.delete(reservationId);
      },
    };
  }

  /** Decides about all of them. */
  decideAll(decided: Decided): void {
    for (const decide of this.#decide.values()) decide(decided);
  }

  dispose(): void {
    this.#cancelTimer();
    this.decideAll({ kind: 'gone' });
  }

  #take(run: LineRun): void {
    for (const [reservationId, state] of run.decided) this.#decide.get(reservationId)?.(state);
    this.#cancelTimer();
    this.#nextAt = run.nextAt;
    if (run.nextAt === undefined) return;
    this.#cancelTimer = this.#clock.after(run.nextAt - this.#clock.now(), this.run);
  }
}
