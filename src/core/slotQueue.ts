import type { Clock } from './clock.ts';
import type { Ledger, OpeningOutcome, SlotLine } from './ledger.ts';
import type { LinePlace } from './quotaEngine.ts';
import { rerun } from './rerun.ts';

/** How a wait for a slot ended. */
export type SlotOutcome =
  | Exclude<OpeningOutcome, { kind: 'no-slot' }>
  /** The caller does not wait any longer and wants none. */
  | { readonly kind: 'not-wanted' }
  | {
      readonly kind: 'no-slot';
      readonly running: readonly string[];
      readonly why: 'not-waiting' | 'timeout' | 'given-up';
    };

const givenUp: SlotOutcome = { kind: 'no-slot', running: [], why: 'given-up' };

/** Hears of a caller's new place. @param running agent ids of the sessions that hold the slots. */
export type LineListener = (place: LinePlace, running: readonly string[]) => void;

interface Caller {
  readonly attempt: (wait: boolean) => Promise<OpeningOutcome>;
  readonly done: (outcome: SlotOutcome) => void;
  readonly cancelTimer: () => void;
  lastPlace: number | undefined;
  /** Agent ids of the sessions that held the slots at the last look. */
  running: readonly string[];
}

/** When the line is looked at again after that has failed, in milliseconds. */
const retryMs = 1000;

/** The callers of this engine that wait for a slot. The line itself is in the ledger, across all windows. */
export class SlotQueue {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #callers = new Map<string, Caller>();
  /** Wishes being served, in line or not yet, by ticket; and whether they were given up meanwhile. */
  readonly #wishes = new Map<string, { givenUp: boolean }>();
  readonly #moved: LineListener;
  readonly #failed: (error: unknown) => void;
  readonly #stopListening: () => void;
  #cancelRetry: () => void = () => undefined;

  /** Tries for all callers again: for when something other than the ledger has changed. */
  readonly retry: () => void;

  /**
   * @param look reads the line as it is.
   * @param moved hears of each caller's new place.
   */
  constructor(
    ledger: Ledger,
    clock: Clock,
    look: () => Promise<SlotLine>,
    moved: LineListener,
    failed: (error: unknown) => void,
  ) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#moved = moved;
    this.#failed = failed;
    this.retry = rerun(
      async () => {
        if (this.#callers.size === 0) return;
        // One look decides for all: an attempt, which keeps other writers out, is made only by those who can win.
        const { places, ready, running } = await look();
        const inLine = new Map(places.map((place) => [place.ticket, place]));
        for (const [ticket, caller] of [...this.#callers]) {
          const place = inLine.get(ticket);
          if (place === undefined || ready.has(ticket)) await this.#try(ticket, caller);
          else this.#tellPlace(caller, { place, running });
        }
      },
      (error) => {
        failed(error);
        this.#cancelRetry();
        this.#cancelRetry = clock.after(retryMs, this.retry);
      },
    );
    this.#stopListening = ledger.onChange(this.retry);
  }

  /** Tickets of those that wait. */
  get waiting(): string[] {
    return [...this.#callers.keys()];
  }

  /** From now on a wish can be given up, even before it is in line. @returns a function that ends that. */
  expect(ticket: string): () => void {
    this.#wishes.set(ticket, { givenUp: false });
    return () => this.#wishes.delete(ticket);
  }

  /**
   * Tries until there is a slot, the time is over or the caller gives up.
   * @param waitMs 0: not at all; undefined: without end.
   */
  async take(
    ticket: string,
    waitMs: number | undefined,
    attempt: (wait: boolean) => Promise<OpeningOutcome>,
  ): Promise<SlotOutcome> {
    if (this.#isGivenUp(ticket)) return givenUp;
    const first = await attempt(waitMs !== 0);
    if (this.#isGivenUp(ticket)) {
      await this.#undo(ticket, first);
      return givenUp;
    }
    if (first.kind !== 'no-slot') return first;
    if (waitMs === 0) return { kind: 'no-slot', running: first.running, why: 'not-waiting' };
    return new Promise<SlotOutcome>((resolve) => {
      const cancelTimer =
        waitMs === undefined
          ? (): void => undefined
          : this.#clock.after(waitMs, () => {
              this.#leave(ticket, 'timeout').catch(this.#failed);
            });
      const caller: Caller = { attempt, done: resolve, cancelTimer, lastPlace: undefined, running: first.running };
      this.#callers.set(ticket, caller);
      this.#tellPlace(caller, first);
      this.retry();
    });
  }

  async giveUp(ticket: string): Promise<void> {
    const wish = this.#wishes.get(ticket);
    if (wish !== undefined) wish.givenUp = true;
    await this.#leave(ticket, 'given-up');
  }

  /** The caller goes on without a slot. Nothing happens unless it waits in line. */
  async goWithout(ticket: string): Promise<void> {
    if (!this.#callers.has(ticket)) return;
    this.#finish(ticket, { kind: 'not-wanted' });
    await this.#ledger.leaveSlotLine(ticket);
  }

  async dispose(): Promise<void> {
    this.#stopListening();
    this.#cancelRetry();
    for (const ticket of [...this.#callers.keys()]) await this.giveUp(ticket);
  }

  async #try(ticket: string, caller: Caller): Promise<void> {
    if (!this.#callers.has(ticket)) return;
    const outcome = await caller.attempt(true);
    if (!this.#callers.has(ticket)) await this.#undo(ticket, outcome);
    else if (outcome.kind === 'no-slot') this.#tellPlace(caller, outcome);
    else this.#finish(ticket, outcome);
  }

  #isGivenUp(ticket: string): boolean {
    return this.#wishes.get(ticket)?.givenUp ?? false;
  }

  /** Gives back what an attempt brought for a caller that left meanwhile. */
  async #undo(ticket: string, outcome: OpeningOutcome): Promise<void> {
    if (outcome.kind === 'no-slot') await this.#ledger.leaveSlotLine(ticket);
    if (outcome.kind === 'opened') {
      await this.#ledger.endSession(outcome.session.sessionId, 'released', this.#clock.now());
    }
  }

  #tellPlace(
    caller: Caller,
    { place, running }: { readonly place: LinePlace | undefined; readonly running: readonly string[] },
  ): void {
    caller.running = running;
    if (place === undefined || place.place === caller.lastPlace) return;
    caller.lastPlace = place.place;
    this.#moved(place, running);
  }

  async #leave(ticket: string, why: 'timeout' | 'given-up'): Promise<void> {
    const running = this.#callers.get(ticket)?.running ?? [];
    this.#finish(ticket, { kind: 'no-slot', running, why });
    await this.#ledger.leaveSlotLine(ticket);
  }

  #finish(ticket: string, outcome: SlotOutcome): void {
    const caller = this.#callers.get(ticket);
    if (caller === undefined) return;
    this.#callers.delete(ticket);
    caller.cancelTimer();
    caller.done(outcome);
  }
}
