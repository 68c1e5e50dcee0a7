import type { UsageEntry } from './ledger.ts';
import type { TokenEstimate } from './tokenEstimate.ts';
import { noUsage, addUsage, quotaInputTokens, type Usage } from './usage.ts';

/** Where a turn writes what becomes of it. */
export interface TurnBooks {
  book(entry: UsageEntry): Promise<boolean>;
  end(used: Usage): Promise<void>;
}

/**
 * A turn of an observed agent: admitted as a request is, with an estimate for all that the agent may ask of the model
 * until it hands back to its user. What is reported takes the place of the estimate, bit by bit.
 */
export class ObservedTurn {
  readonly #books: TurnBooks;
  #used = noUsage;
  #ended = false;

  constructor(books: TurnBooks) {
    this.#books = books;
  }

  /** Books a request of the turn, once per request id. @returns false when it was booked before. */
  async report(entry: UsageEntry): Promise<boolean> {
    const counted = await this.#books.book(entry);
    if (counted) this.#used = addUsage(this.#used, entry.usage);
    return counted;
  }

  /** Gives back what is left of the estimate. What is reported later still counts. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#books.end(this.#used);
  }
}

/** What is assumed of a session's first turn: Claude Code's first request alone is some 12,000 tokens. */
const firstTurn = { inputTokens: 15_000, outputTokens: 1000 } as const;
/** Weight of the newest turn in what is learned. */
const newest = 0.3;
/** Sessions remembered at once; the one unheard of for longest is forgotten first. */
const remembered = 2000;

/** Learns what a session's turns take of the limits. */
export class TurnEstimator {
  readonly #learned = new Map<string, { readonly inputTokens: number; readonly outputTokens: number }>();

  estimate(sessionId: string): TokenEstimate {
    const { inputTokens, outputTokens } = this.#learned.get(sessionId) ?? firstTurn;
    const [input, output] = [Math.ceil(inputTokens), Math.ceil(outputTokens)];
    return {
      inputTokens: input,
      mostInputTokens: input,
      outputTokens: output,
      mostOutputTokens: output,
      outputDeviation: 0,
    };
  }

  /** Takes in what a turn has used. */
  learn(sessionId: string, usage: Usage): void {
    const known = this.#learned.get(sessionId) ?? firstTurn;
    this.#learned.delete(sessionId);
    this.#learned.set(sessionId, {
      inputTokens: known.inputTokens + newest * (quotaInputTokens(usage) - known.inputTokens),
      outputTokens: known.outputTokens + newest * (usage.outputTokens - known.outputTokens),
    });
    if (this.#learned.size <= remembered) return;
    const [oldest] = this.#learned.keys();
    if (oldest !== undefined) this.#learned.delete(oldest);
  }
}
