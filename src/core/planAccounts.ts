import type { Ledger } from './ledger.ts';
import { accountRecord, hasAccounts, type QuotaTerms } from './quotaTerms.ts';
import type { Session } from './session.ts';

/** An account that nothing was heard of for so long may be one that the user has left, in milliseconds. */
const rememberedMs = 30 * 24 * 3_600_000;

/**
 * Which account of a subscription is this window's. Its login is not read: agents on it tell their account, and of that
 * only a digest comes here. Until one of this window does, an account is taken for its own when it is the only one that
 * is known.
 */
export class PlanAccounts {
  readonly #ledger: Pick<Ledger, 'accounts' | 'moveSession' | 'liveSessions'>;
  /** The account's record in the ledger. */
  #own: string | undefined;
  /** What the sessions that have told this engine run on. */
  readonly #told = new Map<string, string>();

  constructor(ledger: Pick<Ledger, 'accounts' | 'moveSession' | 'liveSessions'>) {
    this.#ledger = ledger;
  }

  /** Looks for an account that can be no other, while this window has none. @param now milliseconds since the epoch. */
  async look(terms: QuotaTerms, now: number): Promise<void> {
    if (this.#own !== undefined) return;
    const only = await this.#onlyOne(terms, now);
    // An agent may have told meanwhile.
    this.#own ??= only;
  }

  /** Terms of settings, with this window's account. */
  applied(terms: QuotaTerms): QuotaTerms {
    return this.#own === undefined || !hasAccounts(terms) ? terms : { ...terms, planId: this.#own };
  }

  /**
   * An agent of this window has told its account: its session is that one's from now on.
   * @param account a digest.
   * @returns the window's account where that is another now.
   */
  async tell(session: Session, account: string, terms: QuotaTerms): Promise<string | undefined> {
    if (!hasAccounts(terms)) return undefined;
    const { sessionId, planId, accountTold = false } = session;
    const told = accountRecord(terms, account);
    if (planId !== told || !accountTold) await this.#ledger.moveSession(sessionId, told);
    this.#told.set(sessionId, told);
    if (told === this.#own || (await this.#hasAgents(this.#own))) return undefined;
    this.#own = told;
    return told;
  }

  /** Whether agents of this window are known to run on an account. */
  async #hasAgents(planId: string | undefined): Promise<boolean> {
    const live = new Set((await this.#ledger.liveSessions()).map(({ sessionId }) => sessionId));
    for (const sessionId of this.#told.keys()) if (!live.has(sessionId)) this.#told.delete(sessionId);
    return [...this.#told.values()].some((told) => told === planId);
  }

  async #onlyOne(terms: QuotaTerms, now: number): Promise<string | undefined> {
    const accounts = await this.#ledger.accounts(terms);
    const [only, ...others] = accounts.filter(({ lastAt }) => now - lastAt < rememberedMs);
    return others.length === 0 ? only?.planId : undefined;
  }
}
