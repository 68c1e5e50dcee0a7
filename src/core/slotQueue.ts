import type { Clock } from './clock.ts';
import type { Ledger, OpeningOutcome, SlotLine } from './ledger.ts';
import { aMoment } from './lineWait.ts';
import type { Logger } from './logger.ts';
import type { PersistentWrites } from './persistentWrites.ts';
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

/** What the queue works with. */
export interface SlotQueueParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly writes: PersistentWrites;
}

/** A wish being served, in line or not yet. */
interface Wish {
  isGivenUp: boolean;
  readonly over: Promise<undefined>;
  readonly giveUp: () => void;
}

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
  readonly #parts: SlotQueueParts;
  readonly #callers = new Map<string, Caller>();
  /** By ticket. */
  readonly #wishes = new Map<string, Wish>();
  readonly #moved: LineListener;
  readonly #stopListening: () => void;
  #cancelRetry: () => void = () => undefined;

  /** Tries for all callers again: for when something other than the ledger has changed. */
  readonly retry: () => void;

  /**
   * @param look reads the line as it is.
   * @param moved hears of each caller's new place.
   */
  constructor(parts: SlotQueueParts, look: () => Promise<SlotLine>, moved: LineListener) {
    const { ledger, clock } = parts;
    this.#parts = parts;
    this.#moved = moved;
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
        this.#failed(error);
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
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wish: Wish = {
      isGivenUp: false,
      over: promise,
      giveUp: () => {
        wish.isGivenUp = true;
        resolve(undefined);
      },
    };
    this.#wishes.set(ticket, wish);
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
    const wish = this.#wishes.get(ticket);
    if (this.#isGivenUp(ticket)) return givenUp;
    const attempted = this.#attempted(ticket, () => attempt(waitMs !== 0));
    // Who gives up does not wait for a ledger that is busy.
    const first = await (wish === undefined ? attempted : Promise.race([attempted, wish.over]));
    if (first === undefined || this.#isGivenUp(ticket)) {
      attempted.then((outcome) => this.#undo(ticket, outcome)).catch(this.#failed);
      return givenUp;
    }
    if (first.kind !== 'no-slot') return first;
    if (waitMs === 0) return { kind: 'no-slot', running: first.running, why: 'not-waiting' };
    return new Promise<SlotOutcome>((resolve) => {
      const cancelTimer =
        waitMs === undefined
          ? (): void => undefined
          : this.#parts.clock.after(waitMs, () => void this.#leave(ticket, 'timeout'));
      const caller: Caller = { attempt, done: resolve, cancelTimer, lastPlace: undefined, running: first.running };
      this.#callers.set(ticket, caller);
      this.#tellPlace(caller, first);
      this.retry();
    });
  }

  async giveUp(ticket: string): Promise<void> {
    this.#wishes.get(ticket)?.giveUp();
    await this.#leave(ticket, 'given-up');
  }

  /** The caller goes on without a slot. Nothing happens unless it waits in line. */
  async goWithout(ticket: string): Promise<void> {
    if (!this.#callers.has(ticket)) return;
    this.#finish(ticket, { kind: 'not-wanted' });
    await this.#leaveLine(ticket);
  }

  async dispose(): Promise<void> {
    this.#stopListening();
    this.#cancelRetry();
    await Promise.all([...this.#callers.keys()].map((ticket) => this.giveUp(ticket)));
  }

  async #try(ticket: string, caller: Caller): Promise<void> {
    if (!this.#callers.has(ticket)) return;
    const outcome = await this.#attempted(ticket, () => caller.attempt(true));
    if (!this.#callers.has(ticket)) void this.#undo(ticket, outcome);
    else if (outcome.kind === 'no-slot') this.#tellPlace(caller, outcome);
    else this.#finish(ticket, outcome);
  }

  #isGivenUp(ticket: string): boolean {
    return this.#wishes.get(ticket)?.isGivenUp ?? false;
  }

  readonly #failed = (error: unknown): void => {
    this.#parts.logger.error('The line for slots could not be run.', error);
  };

  /** An attempt that failed halfway may have left a place in line. */
  async #attempted(ticket: string, attempt: () => Promise<OpeningOutcome>): Promise<OpeningOutcome> {
    try {
      return await attempt();
    } catch (error) {
      if (!this.#callers.has(ticket)) void this.#leaveLine(ticket);
      throw error;
    }
  }

  /** Gives back what an attempt brought for a caller that left meanwhile. */
  async #undo(ticket: string, outcome: OpeningOutcome): Promise<void> {
    const { ledger, clock } = this.#parts;
    if (outcome.kind === 'no-slot') await this.#leaveLine(ticket);
    if (outcome.kind === 'opened') {
      const { sessionId } = outcome.session;
      await this.#write('end a session that nobody wants', () => ledger.endSession(sessionId, 'released', clock.now()));
    }
  }

  /** A place that stayed would keep a slot closed to all windows. */
  #leaveLine(ticket: string): Promise<void> {
    return this.#write('leave the line for slots', () => this.#parts.ledger.leaveSlotLine(ticket));
  }

  /** Writes in any case, however long that takes; nobody is kept waiting for it. Never rejects. */
  #write(what: string, run: () => Promise<unknown>): Promise<void> {
    const { clock, writes } = this.#parts;
    return aMoment(clock, writes.write(what, run));
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
    await this.#leaveLine(ticket);
  }

  #finish(ticket: string, outcome: SlotOutcome): void {
    const caller = this.#callers.get(ticket);
    if (caller === undefined) return;
    this.#callers.delete(ticket);
    caller.cancelTimer();
    caller.done(outcome);
  }
}
