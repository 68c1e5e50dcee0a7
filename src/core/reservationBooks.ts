import type { Clock } from './clock.ts';
import type { ReservationBooks } from './heldRequest.ts';
import type { Ledger } from './ledger.ts';
import type { Logger } from './logger.ts';
import type { PersistentWrites } from './persistentWrites.ts';
import type { QuotaSignals } from './quotaSignals.ts';
import type { QuotaTerms } from './quotaTerms.ts';
import type { TokenEstimator } from './tokenEstimate.ts';

/** What usage is written with. */
export interface BookParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly writes: PersistentWrites;
  readonly signals: QuotaSignals;
  readonly terms: () => QuotaTerms;
}

/** What the reservations of one session are written with. */
export interface ReservationBooksParts extends BookParts, Pick<ReservationBooks, 'withdraw'> {
  readonly estimator: TokenEstimator;
  readonly runLine: () => void;
}

/** Where requests of a session write what becomes of them. */
export function reservationBooks(sessionId: string, parts: ReservationBooksParts): ReservationBooks {
  const { ledger, clock, logger, writes, signals, terms, runLine, estimator, withdraw } = parts;
  return {
    charge: (id, charge) => ledger.charge(id, charge, terms(), clock.now()),
    settle: async (id, entry, charge) => {
      const settled = await writes.write('book what a request used', () =>
        ledger.settle(id, entry, charge, terms(), clock.now()),
      );
      if (!settled) logger.warn(`Request ${entry?.requestId ?? id} was booked before and is not counted again.`);
      else if (entry !== undefined) signals.booked.tell(sessionId, entry);
      runLine();
    },
    withdraw,
    learn: (ask, usage) => {
      estimator.learn(ask, usage);
    },
    answered: (status) => {
      signals.answered.tell(sessionId, status);
    },
  };
}
