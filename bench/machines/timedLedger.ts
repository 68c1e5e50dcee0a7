import type { LineRun, RequestOpening } from '../../src/core/ledger.ts';
import type { QuotaTerms } from '../../src/core/quotaTerms.ts';
import { LeasedLedger } from '../../src/ledger/leasedLedger.ts';
import type { LeasedLedgerParts } from '../../src/ledger/leasedLedgerParts.ts';

/** A leased ledger that measures how long admission takes where the lease has room. */
export class TimedLedger extends LeasedLedger {
  /** Requests that were admitted by their own line run, before anybody was asked. */
  readonly #atOnce = new Set<string>();
  #times: number[] = [];

  constructor(parts: LeasedLedgerParts) {
    super(parts);
    const { local } = this;
    const enqueue = local.enqueue.bind(local);
    local.enqueue = async (opening, ...others) => {
      const run = await enqueue(opening, ...others);
      const { reservationId } = opening;
      if (run.decided.get(reservationId)?.kind === 'admitted') this.#atOnce.add(reservationId);
      return run;
    };
  }

  override async enqueue(opening: RequestOpening, engineId: string, terms: QuotaTerms, now: number): Promise<LineRun> {
    const begun = performance.now();
    const run = await super.enqueue(opening, engineId, terms, now);
    if (this.#atOnce.delete(opening.reservationId)) this.#times.push(performance.now() - begun);
    return run;
  }

  /** @returns milliseconds of each since the last time. */
  takeTimes(): readonly number[] {
    const times = this.#times;
    this.#times = [];
    return times;
  }
}
