import type { AwayPolicy, LeaseMoment } from '../core/lease.ts';
import type { QuotaTerms } from '../core/quotaTerms.ts';
import { LeaseAnswers } from './leaseAnswers.ts';
import { LeaseBooks } from './leaseBooks.ts';
import { LeaseDesk } from './leaseDesk.ts';
import { leaseDuty, type LeaseDuty, type LeaseDutyBooks } from './leaseDuty.ts';
import type { LedgerStore } from './ledgerStore.ts';
import { LineBooks } from './lineBooks.ts';
import { RequestBooks } from './requestBooks.ts';
import { ScopeBooks } from './scopeBooks.ts';
import { SessionBooks } from './sessionBooks.ts';

/** The books of one ledger as far as leases need them. */
export class LeaseOffice {
  readonly leases: LeaseBooks;
  readonly desk: LeaseDesk;
  readonly answers: LeaseAnswers;
  readonly #store: LedgerStore;
  readonly #sessions: SessionBooks;
  readonly #books: LeaseDutyBooks;

  constructor(store: LedgerStore, moment: () => LeaseMoment, policy: () => AwayPolicy) {
    this.#store = store;
    const leases = new LeaseBooks(store, { moment, policy });
    const scopes = new ScopeBooks(store, leases);
    const line = new LineBooks(store, scopes);
    this.#sessions = new SessionBooks(store, new RequestBooks(store, scopes), scopes);
    this.leases = leases;
    this.#books = { store, leases, scopes, sessions: this.#sessions };
    this.desk = new LeaseDesk(store, { leases, scopes, line, sessions: this.#sessions });
    this.answers = new LeaseAnswers(store, leases);
  }

  /** What is to be done for a plan's lease now. */
  duty(terms: QuotaTerms, isWatched: boolean, now: number): Promise<LeaseDuty> {
    return this.#store.read(() => leaseDuty(this.#books, terms, isWatched, now));
  }

  /** Whether a larger lease would bring a slot; see `SessionBooks.asksForSlot`. */
  asksForSlot(terms: QuotaTerms, caller?: { readonly ticket: string; readonly agentId: string }): Promise<boolean> {
    return this.#store.read(() => this.#sessions.asksForSlot(terms, caller));
  }
}
