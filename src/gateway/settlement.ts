import { type RequestOutcome, type Reservation } from '../core/admission.ts';
import { type Logger } from '../core/logger.ts';
import { type Usage } from '../core/usage.ts';

/**
 * Tells the quota core what becomes of one request, each thing after the one before is taken in, and ends its
 * reservation exactly once. What fails there is logged and does not disturb the request.
 */
export class Settlement {
  /** Absent for a request that takes nothing from the plan. */
  readonly #reservation: Reservation | undefined;
  readonly #logger: Logger;
  #told: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(reservation: Reservation | undefined, logger: Logger) {
    this.#reservation = reservation;
    this.#logger = logger;
  }

  answered(): void {
    this.tell(() => this.#reservation?.answered());
  }

  metered(usage: Usage): void {
    this.tell(() => this.#reservation?.metered(usage));
  }

  /** Tells the core something else that this request has brought, in its turn. */
  tell(what: () => Promise<void> | undefined): void {
    if (this.#ended) return;
    this.#told = this.#told.then(what).catch((error: unknown) => {
      this.#logger.error('What a request used could not be recorded.', error);
    });
  }

  /**
   * @param outcome undefined when the request never reached the upstream.
   * @returns resolves when the reservation has ended. Never rejects.
   */
  end(outcome: RequestOutcome | undefined): Promise<void> {
    this.tell(() => (outcome === undefined ? this.#reservation?.release() : this.#reservation?.settle(outcome)));
    this.#ended = true;
    return this.#told;
  }
}
