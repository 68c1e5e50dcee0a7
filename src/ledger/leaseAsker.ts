import type { Clock } from '../core/clock.ts';
import type { LeaseMoment } from '../core/lease.ts';
import type { Logger } from '../core/logger.ts';
import type { QuotaTerms } from '../core/quotaTerms.ts';
import { SharedQuotaError, type MachineIdentity, type SharedQuota } from '../core/sharedQuota.ts';
import type { LeaseAnswers } from './leaseAnswers.ts';
import type { LeaseDesk, PreparedAsk } from './leaseDesk.ts';
import type { LedgerStore } from './ledgerStore.ts';

/** Two asks are at least so far apart when nobody waits: what is leased ahead is for this time too, in milliseconds. */
const usualIntervalMs = 1500;
/** What the way is taken to be until it was measured. */
const firstRoundTripMs = 50;
/** Weight of the newest measurement. */
const newest = 0.2;

export interface LeaseAskerParts {
  readonly store: LedgerStore;
  readonly desk: LeaseDesk;
  readonly answers: LeaseAnswers;
  readonly shared: SharedQuota;
  readonly clock: Clock;
  readonly moment: () => LeaseMoment;
  readonly machine: () => Promise<MachineIdentity>;
  readonly logger: Logger;
  /** Called when an answer is written or requests were admitted. */
  readonly answered: (planId: string) => void;
}

interface Wish {
  terms: QuotaTerms;
  seatFor: string | undefined;
  readonly done: Promise<void>;
  readonly resolve: () => void;
}

/** Asks the shared ledger: one call at a time for each plan, and who comes meanwhile shares the next one. */
export class LeaseAsker {
  readonly #parts: LeaseAskerParts;
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Wish>();
  #roundTripMs = firstRoundTripMs;

  constructor(parts: LeaseAskerParts) {
    this.#parts = parts;
  }

  /**
   * Asks once from now on. Never rejects: what went wrong is in the ledger.
   * @param seatFor an agent that wants a slot and is not in line for one.
   */
  ask(terms: QuotaTerms, seatFor?: string): Promise<void> {
    const { planId } = terms;
    const waiting = this.#next.get(planId);
    if (waiting !== undefined) {
      waiting.terms = terms;
      waiting.seatFor ??= seatFor;
      return waiting.done;
    }
    const { promise: done, resolve } = Promise.withResolvers<undefined>();
    this.#next.set(planId, {
      terms,
      seatFor,
      done,
      resolve: () => {
        resolve(undefined);
      },
    });
    if (!this.#running.has(planId)) this.#running.set(planId, this.#run(planId));
    return done;
  }

  /** Gives back all that is not needed, and waits for what is under way. */
  async giveBack(terms: QuotaTerms): Promise<void> {
    await this.#running.get(terms.planId);
    await this.#once(terms, undefined, 0);
  }

  async #run(planId: string): Promise<void> {
    for (let wish = this.#next.get(planId); wish !== undefined; wish = this.#next.get(planId)) {
      this.#next.delete(planId);
      await this.#once(wish.terms, wish.seatFor, this.#roundTripMs + usualIntervalMs);
      wish.resolve();
    }
    this.#running.delete(planId);
  }

  async #once(terms: QuotaTerms, seatFor: string | undefined, aheadMs: number): Promise<void> {
    const { store, desk, answers, shared, clock, moment, logger, answered } = this.#parts;
    try {
      const machine = await this.#parts.machine();
      const prepare = (): PreparedAsk => desk.prepare({ machine, terms, aheadMs, seatFor }, clock.now());
      const { ask, hasAdmitted } = await store.transaction(prepare);
      if (hasAdmitted) answered(terms.planId);
      const sent = moment();
      try {
        const grant = await shared.renew(ask);
        const tookMs = Math.max(0, moment().monotonic - sent.monotonic);
        this.#roundTripMs += newest * (tookMs - this.#roundTripMs);
        await store.transaction(() => answers.take(ask, grant, sent, this.#roundTripMs, clock.now()));
      } catch (error) {
        const known = error instanceof SharedQuotaError;
        if (!known) logger.error('The shared ledger could not be asked.', error);
        const cause = known ? error : new SharedQuotaError('away', String(error), { cause: error });
        await store.transaction(() => {
          answers.failed(terms.planId, cause);
        });
      }
    } catch (error) {
      logger.error('The lease of the shared quota could not be kept in the ledger.', error);
    }
    answered(terms.planId);
  }
}
