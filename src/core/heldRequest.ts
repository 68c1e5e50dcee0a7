import type { AdmissionAsk, RequestOutcome, Reservation } from './admission.ts';
import type { Charge, UsageEntry } from './ledger.ts';
import type { TokenEstimate } from './tokenEstimate.ts';
import { quotaInputTokens, type Usage } from './usage.ts';

/** Where a reservation writes what becomes of it. */
export interface ReservationBooks {
  charge(reservationId: string, charge: Charge): Promise<void>;
  settle(reservationId: string, entry: UsageEntry | undefined, charge: Charge): Promise<void>;
  withdraw(reservationId: string): Promise<void>;
  learn(ask: AdmissionAsk, usage: Usage): void;
  /** The upstream has answered with this HTTP status. */
  answered(status: number): void;
}

/** An admitted request's quota, until it is settled or released. */
export class HeldRequest implements Reservation {
  readonly #id: string;
  readonly #ask: AdmissionAsk;
  readonly #estimate: TokenEstimate;
  readonly #books: ReservationBooks;
  #ended = false;

  constructor(id: string, ask: AdmissionAsk, estimate: TokenEstimate, books: ReservationBooks) {
    this.#id = id;
    this.#ask = ask;
    this.#estimate = estimate;
    this.#books = books;
  }

  async answered(): Promise<void> {
    if (this.#ended) return;
    await this.#books.charge(this.#id, { requests: 1, inputTokens: 0, outputTokens: 0 });
  }

  async metered(usage: Usage): Promise<void> {
    if (this.#ended) return;
    await this.#books.charge(this.#id, {
      requests: 1,
      inputTokens: quotaInputTokens(usage),
      outputTokens: 0,
      usage,
    });
  }

  async settle(outcome: RequestOutcome): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const { usage, model, requestId, status, unsent = false } = outcome;
    if (status !== undefined) this.#books.answered(status);
    if (usage !== undefined) {
      this.#books.learn(this.#ask, usage);
      const charge = { requests: 1, inputTokens: quotaInputTokens(usage), outputTokens: usage.outputTokens };
      const { subagent } = this.#ask;
      const entry = { usage, model, requestId, ...(subagent !== undefined && { subagent }) };
      await this.#books.settle(this.#id, entry, charge);
      return;
    }
    // Without an answer, or with one that tells no usage, the input may have been counted upstream all the same.
    const refused = status !== undefined && status >= 400;
    const inputTokens = refused || unsent ? 0 : this.#estimate.inputTokens;
    await this.#books.settle(this.#id, undefined, { requests: 1, inputTokens, outputTokens: 0 });
  }

  async release(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#books.withdraw(this.#id);
  }
}
