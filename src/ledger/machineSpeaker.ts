import type { LeaseMoment } from '../core/lease.ts';
import type { LedgerView } from '../core/ledger.ts';
import type { Logger } from '../core/logger.ts';
import type { MonotonicClock } from '../core/monotonicClock.ts';
import type { QuotaTerms } from '../core/quotaTerms.ts';
import { SharedQuotaError, type MachineIdentity, type SharedQuota } from '../core/sharedQuota.ts';
import { withinTime } from '../core/withinTime.ts';
import type { LedgerStore } from './ledgerStore.ts';
import { MachineBooks } from './machineBooks.ts';
import { publishedBody } from './publishedSessions.ts';
import { UsageOutbox } from './usageOutbox.ts';

/** Between two publications, in milliseconds; what has not changed is published again before others take it for gone. */
const betweenMs = 1000;
const againMs = 20_000;
/** What takes longer is not waited for, in milliseconds. */
const speechMs = 250;
/** After a failure, in milliseconds. */
const retryMs = 5000;

export interface MachineSpeakerParts {
  readonly store: LedgerStore;
  readonly shared: SharedQuota;
  readonly clock: MonotonicClock;
  readonly moment: () => LeaseMoment;
  readonly names: { readonly name: string; readonly user: string };
  readonly newId: () => string;
  readonly logger: Logger;
  /** Reads what is shown. */
  readonly view: (terms: QuotaTerms) => Promise<LedgerView>;
}

interface Publication {
  readonly body: string;
  readonly notBefore: number;
  readonly again: number;
}

/** Tells the shared ledger what this machine has used and what its sessions do: one engine of the machine does. */
export class MachineSpeaker {
  readonly #parts: MachineSpeakerParts;
  readonly #books: MachineBooks;
  readonly #outbox: UsageOutbox;
  readonly #published = new Map<string, Publication>();
  /** The plans of which something is being said. */
  readonly #speaking = new Map<string, Promise<void>>();
  #machineId: string | undefined;

  constructor(parts: MachineSpeakerParts) {
    this.#parts = parts;
    this.#books = new MachineBooks(parts.store, parts.newId);
    this.#outbox = new UsageOutbox({ ...parts, machine: () => this.identity() });
  }

  /** Undefined until it was asked for. */
  get machineId(): string | undefined {
    return this.#machineId;
  }

  async identity(): Promise<MachineIdentity> {
    const { store, names } = this.#parts;
    this.#machineId ??= (await store.transaction(() => this.#books.machine())).machineId;
    return { machineId: this.#machineId, ...names };
  }

  /**
   * Says what is to be said of a plan, unless another engine does. What takes long goes on by itself: no lease waits for it.
   * @returns whether there will be more to say soon.
   */
  async speak(engineId: string, terms: QuotaTerms): Promise<boolean> {
    const { clock, logger } = this.#parts;
    const { planId } = terms;
    if (this.#speaking.has(planId)) return true;
    let hasMore = true;
    const speech = this.#speak(engineId, terms)
      .then((more) => {
        hasMore = more;
      })
      .catch((error: unknown) => {
        logger.error('The shared ledger could not be told of this machine.', error);
      })
      .finally(() => {
        this.#speaking.delete(planId);
      });
    this.#speaking.set(planId, speech);
    await withinTime(clock, speechMs, speech);
    return hasMore;
  }

  async #speak(engineId: string, terms: QuotaTerms): Promise<boolean> {
    const { store, moment } = this.#parts;
    const { planId } = terms;
    if (!(await this.#hasToSay(planId))) return false;
    const keeps = await store.read(() => this.#books.keeps(engineId, planId, moment()));
    if (keeps === 'no') return true;
    if (keeps === 'may' && !(await store.transaction(() => this.#books.keep(engineId, planId, moment())))) return true;
    await this.#outbox.deliver();
    await this.#publish(terms);
    return this.#hasToSay(planId);
  }

  /** Whether there is usage to deliver or are sessions to show, or were. */
  #hasToSay(planId: string): Promise<boolean> {
    const { store } = this.#parts;
    const shown = this.#published.get(planId)?.body ?? emptyBody;
    if (shown !== emptyBody) return Promise.resolve(true);
    return store.read(() => store.shared.outbox(1).length > 0 || store.hasLiveSessions(planId));
  }

  /** Says the last, and lets another engine speak. */
  async leave(engineId: string): Promise<void> {
    await Promise.all(this.#speaking.values());
    await this.#outbox.deliver();
    await this.#parts.store.transaction(() => {
      this.#books.leave(engineId);
    });
  }

  async #publish(terms: QuotaTerms): Promise<void> {
    const { shared, clock, view, logger } = this.#parts;
    const { planId } = terms;
    const last = this.#published.get(planId);
    const now = clock.monotonic();
    if (last !== undefined && now < last.notBefore) return;
    const body = publishedBody(await view(terms), planId);
    const isEmpty = body === emptyBody;
    if (body === (last?.body ?? emptyBody) && (isEmpty || now < (last?.again ?? 0))) return;
    try {
      await shared.publish({ machine: await this.identity(), planId, body });
      this.#published.set(planId, { body, notBefore: now + betweenMs, again: now + againMs });
    } catch (error) {
      if (!(error instanceof SharedQuotaError)) logger.error('Sessions could not be shown to other machines.', error);
      this.#published.set(planId, { body: '', notBefore: now + retryMs, again: 0 });
    }
  }
}

const emptyBody = JSON.stringify({ version: 1, sessions: [] });
