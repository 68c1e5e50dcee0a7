import type { RequestOutcome, Reservation } from '../core/admission.ts';
import type { Logger } from '../core/logger.ts';
import type { Usage } from '../core/usage.ts';

/**
 * Tells the quota core what becomes of one request, in order and without waiting, so that it can write at once what comes
 * at once, and ends the request's reservation exactly once. What fails there is logged and does not disturb the request.
 */
export class Settlement {
  /** Absent for a request that takes nothing from the plan. */
  readonly #reservation: Reservation | undefined;
  readonly #logger: Logger;
  readonly #told: Promise<unknown>[] = [];
  #ended = false;

  constructor(reservation: Reservation | undefined, logger: Logger) {
    this.#reservation = reservation;
    this.#logger = logger;
  }

  answered(): void {
    void this.tell(() => this.#reservation?.answered());
  }

  metered(usage: Usage): void {
    void this.tell(() => this.#reservation?.metered(usage));
  }

  /** Tells the core something else that this request has brought. @returns resolves when that is done; never rejects. */
  tell(what: () => Promise<void> | undefined): Promise<unknown> | undefined {
    if (this.#ended) return undefined;
    const told = what()?.catch((error: unknown) => {
      this.#logger.error('What a request used could not be recorded.', error);
    });
    if (told !== undefined) this.#told.push(told);
    return told;
  }

  /**
   * @param outcome undefined when the request never reached the upstream.
   * @returns resolves when the reservation has ended. Never rejects.
   */
  async end(outcome: RequestOutcome | undefined): Promise<void> {
    void this.tell(() => (outcome === undefined ? this.#reservation?.release() : this.#reservation?.settle(outcome)));
    this.#ended = true;
    await Promise.all(this.#told);
  }
}
