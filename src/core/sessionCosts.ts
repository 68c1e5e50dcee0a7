import { addCosts, type Cost } from '../shared/usageHistory.ts';
import type { Ledger } from './ledger.ts';
import type { LiveSession } from './session.ts';
import { costOf, type TokenPrices } from './tokenPrices.ts';
import { addUsage } from './usage.ts';
import type { UsageSum } from './usageSum.ts';

/** What is booked may be in the ledger so much later, in milliseconds. */
const lateMs = 2000;

/** What live sessions have cost: reads what was booked since the last look, and no more. */
export class SessionCosts {
  readonly #ledger: Pick<Ledger, 'usage'>;
  /** By session, then by kind of request. */
  readonly #sums = new Map<string, Map<string, UsageSum>>();
  #readTo: number | undefined;
  #costs: ReadonlyMap<string, Cost> = new Map();

  constructor(ledger: Pick<Ledger, 'usage'>) {
    this.#ledger = ledger;
  }

  /** As of the last look; of a session that has not been looked at nothing is known. */
  of(sessionId: string): Cost | undefined {
    return this.#costs.get(sessionId);
  }

  async look(sessions: readonly LiveSession[], prices: TokenPrices | undefined, now: number): Promise<void> {
    const to = now - lateMs;
    const from = this.#readTo ?? Math.min(to, ...sessions.map(({ createdAt }) => createdAt));
    if (to > from) {
      for (const sum of await this.#ledger.usage(from, to, to - from, 'session')) this.#take(sum);
      this.#readTo = to;
    }
    const live = new Set(sessions.map(({ sessionId }) => sessionId));
    for (const sessionId of this.#sums.keys()) if (!live.has(sessionId)) this.#sums.delete(sessionId);
    this.#costs = new Map(
      [...live].map((sessionId) => [
        sessionId,
        [...(this.#sums.get(sessionId)?.values() ?? [])]
          .map((sum) => costOf({ ...sum, isFast: false }, prices))
          .reduce(addCosts, { usd: 0, unpricedRequests: 0 }),
      ]),
    );
  }

  #take(sum: UsageSum): void {
    if (sum.sessionId === undefined) return;
    const ofSession = this.#sums.get(sum.sessionId) ?? new Map<string, UsageSum>();
    this.#sums.set(sum.sessionId, ofSession);
    const key = `${sum.model ?? ''} ${sum.isLong}`;
    const known = ofSession.get(key);
    ofSession.set(
      key,
      known === undefined
        ? sum
        : { ...known, requests: known.requests + sum.requests, usage: addUsage(known.usage, sum.usage) },
    );
  }
}
