import type { LimitReport } from '../core/admission.ts';
import type { LeaseMoment } from '../core/lease.ts';
import type {
  Ledger,
  LedgerView,
  LineRun,
  OpeningOutcome,
  RequestOpening,
  SessionOpening,
  SlotLine,
} from '../core/ledger.ts';
import { Listeners } from '../core/listeners.ts';
import { modelScope, planScope, type QuotaTerms } from '../core/quotaTerms.ts';
import type { EndReason, ProcessIdentity, Session } from '../core/session.ts';
import type { SharedNotice, SharedQuota } from '../core/sharedQuota.ts';
import type { UsageSum } from '../core/usageSum.ts';
import { withinTime } from '../core/withinTime.ts';
import { LeaseAsker } from './leaseAsker.ts';
import { LeaseOffice } from './leaseOffice.ts';
import { LeaseWatch } from './leaseWatch.ts';
import type { LeasedLedgerParts } from './leasedLedgerParts.ts';
import type { LeasedRun } from './lineBooks.ts';
import { LocalRecord } from './localRecord.ts';
import { MachineSpeaker } from './machineSpeaker.ts';
import { OtherMachines } from './otherMachines.ts';
import { ReportSender } from './reportSender.ts';
import { sharedState } from './sharedState.ts';
import { SoonOnce } from './soonOnce.ts';
import { TransactionalLedger } from './transactionalLedger.ts';

/** How long after somebody has looked at a plan's numbers they are kept true, in milliseconds. */
const watchedMs = 30_000;

/** While somebody looks, changes of other machines are asked for so often at most, in milliseconds. */
const watchedAskMs = 500;

/**
 * The longest that a request or a session waits for the shared ledger, however often it is asked for it, before it is
 * told that it waits, in milliseconds.
 */
const longestAskMs = 1000;

/**
 * The ledger of a machine that shares its quota with others. Everything is in the machine's own rows, as without them;
 * what may be admitted is bounded by what is leased of the shared quota, in small pieces and ahead of need, so that
 * requests are admitted without asking anybody.
 */
export class LeasedLedger extends LocalRecord implements Ledger {
  readonly #parts: LeasedLedgerParts;
  readonly #office: LeaseOffice;
  readonly #asker: LeaseAsker;
  readonly #speaker: MachineSpeaker;
  readonly #others: OtherMachines;
  readonly #reports: ReportSender;
  readonly #watch: LeaseWatch;
  readonly #changed = new Listeners<[]>();
  readonly #stopListening: readonly (() => void)[];
  /** What the settings said last, by plan. */
  readonly #terms = new Map<string, QuotaTerms>();
  /** When the plan's numbers were looked at last, by the monotonic clock. */
  readonly #viewedAt = new Map<string, number>();
  /** Asks that are to be made soon, by plan. */
  readonly #soon: SoonOnce;
  #engineId: string;

  constructor(parts: LeasedLedgerParts) {
    const { store, shared, clock, logger } = parts;
    const moment = (): LeaseMoment => ({ monotonic: clock.monotonic(), wall: clock.now() });
    const office = new LeaseOffice(store, moment, parts.whenAway);
    super(new TransactionalLedger(store, office.leases));
    this.#parts = parts;
    this.#engineId = parts.newId();
    this.#office = office;
    const { desk, answers } = office;
    const view = (terms: QuotaTerms): Promise<LedgerView> => this.local.view(terms, clock.now());
    this.#speaker = new MachineSpeaker({ ...parts, moment, view });
    const machine = (): ReturnType<MachineSpeaker['identity']> => this.#speaker.identity();
    const answered = this.#changed.tell;
    this.#asker = new LeaseAsker({ store, desk, answers, shared, clock, moment, machine, logger, answered });
    this.#reports = new ReportSender(parts);
    this.#soon = new SoonOnce(clock);
    this.#others = new OtherMachines(shared, clock, this.#changed.tell);
    this.#watch = new LeaseWatch(
      clock,
      () => this.#look(),
      (error) => {
        logger.error('The lease of the shared quota could not be looked after.', error);
      },
    );
    const changed = (): void => {
      this.#watch.wake();
      this.#changed.tell();
    };
    const hear = (notice: SharedNotice): unknown =>
      this.#hear(notice).catch((error: unknown) => {
        logger.error('A notice of the shared ledger could not be followed.', error);
      });
    this.#stopListening = [this.local.onChange(changed), shared.onNotice(hear)];
  }

  /** Reports at once what is not reported yet. */
  async report(): Promise<void> {
    const { store } = this.#parts;
    await this.#reports.flush();
    for (const [planId, terms] of this.#terms) {
      if (await store.read(() => this.#office.leases.hasUntold(planId))) await this.#asker.ask(terms);
    }
  }

  join(engineId: string, process: ProcessIdentity, now: number): Promise<void> {
    this.#engineId = engineId;
    return this.local.join(engineId, process, now);
  }

  async openSession(
    opening: SessionOpening,
    engineId: string,
    terms: QuotaTerms,
    now: number,
  ): Promise<OpeningOutcome> {
    this.#terms.set(terms.planId, terms);
    const { ticket, agentId, mode } = opening;
    const seat = { ticket, agentId };
    const until = this.#askedUntil();
    // A slot that was free may be given back while this one is opened.
    for (let attempt = 0; mode !== 'unauthenticated' && attempt < 2; attempt += 1) {
      if (await this.#office.asksForSlot(terms, seat)) await this.#ask(terms, until, agentId);
      const outcome = await this.local.openSession(opening, engineId, terms, now);
      if (outcome.kind !== 'no-slot' || !(await this.#office.asksForSlot(terms, seat))) return outcome;
    }
    return this.local.openSession(opening, engineId, terms, now);
  }

  async slotLine(terms: QuotaTerms): Promise<SlotLine> {
    this.#terms.set(terms.planId, terms);
    if (await this.#office.asksForSlot(terms)) await this.#ask(terms, this.#askedUntil());
    return this.local.slotLine(terms);
  }

  async endSession(sessionId: string, reason: EndReason, now: number): Promise<Session | undefined> {
    const ended = await this.local.endSession(sessionId, reason, now);
    if (ended !== undefined) this.#slotCameFree(ended.planId);
    return ended;
  }

  async idleSession(sessionId: string, now: number): Promise<boolean> {
    const isIdle = await this.local.idleSession(sessionId, now);
    if (isIdle) for (const planId of this.#terms.keys()) this.#slotCameFree(planId);
    return isIdle;
  }

  async enqueue(opening: RequestOpening, engineId: string, terms: QuotaTerms, now: number): Promise<LineRun> {
    this.#terms.set(terms.planId, terms);
    const run = await this.local.enqueue(opening, engineId, terms, now);
    return this.#satisfied(run, engineId, terms, opening.reservationId);
  }

  async runLine(engineId: string, terms: QuotaTerms, now: number): Promise<LineRun> {
    this.#terms.set(terms.planId, terms);
    return this.#satisfied(await this.local.runLine(engineId, terms, now), engineId, terms);
  }

  /** What an answer says of another account than the terms' stays on this machine. */
  async observe(report: LimitReport, terms: QuotaTerms, now: number, sessionId?: string): Promise<void> {
    await this.local.observe(report, terms, now, sessionId);
    const session = sessionId === undefined ? undefined : await this.#sessionOf(sessionId);
    if (session !== undefined && session.planId !== terms.planId) return;
    const { model } = report;
    const scope = model === undefined ? planScope(terms) : modelScope(terms, model);
    const saysSomething =
      report.limits.length > 0 || report.windows.length > 0 || report.limited || report.retryAfterMs !== undefined;
    // Whoever waits for this (an agent's answer does) does not wait for the way to the shared ledger.
    if (saysSomething) this.#reports.send(terms.planId, scope.id, report);
  }

  async view(terms: QuotaTerms, now: number, sessionId?: string): Promise<LedgerView> {
    this.#terms.set(terms.planId, terms);
    const { store, clock } = this.#parts;
    const { leases } = this.#office;
    this.#viewedAt.set(terms.planId, clock.monotonic());
    this.#watch.wake();
    const view = await this.local.view(terms, now, sessionId);
    const state = await store.read(() => sharedState(leases, terms.planId));
    return { ...view, shared: { ...state, machines: this.#others.of(terms.planId, this.#speaker.machineId) } };
  }

  async usageOfOthers(...range: Parameters<SharedQuota['usage']>): Promise<readonly UsageSum[]> {
    const { machineId } = await this.#speaker.identity();
    const sums = await this.#parts.shared.usage(...range);
    return sums.filter((sum) => sum.machineId !== machineId);
  }

  onChange(listener: () => void): () => void {
    return this.#changed.add(listener);
  }

  /** Gives back what is leased, as far as the shared ledger can be asked. */
  async close(): Promise<void> {
    for (const stop of this.#stopListening) stop();
    this.#soon.close();
    this.#others.close();
    await this.#watch.close();
    const farewell = async (): Promise<void> => {
      await this.#reports.flush();
      for (const terms of this.#terms.values()) await this.#asker.giveBack(terms);
      await this.#speaker.leave(this.#engineId);
    };
    await withinTime(this.#parts.clock, longestAskMs, farewell());
    await this.#parts.shared.close();
    await this.local.close();
  }

  #sessionOf(sessionId: string): Promise<Session | undefined> {
    const { store } = this.#parts;
    return store.read(() => store.session(sessionId)?.session);
  }

  /**
   * Runs the line again with a larger lease, where somebody waits for nothing else.
   * @param reservationId the one that the caller waits for, who does not wait for what others lack; undefined for all.
   */
  async #satisfied(first: LeasedRun, engineId: string, terms: QuotaTerms, reservationId?: string): Promise<LineRun> {
    let { lack, ...run } = first;
    const until = this.#askedUntil();
    const isDecided = (): boolean => reservationId !== undefined && run.decided.has(reservationId);
    // The first answer may bring a limit to light that was not known.
    for (let attempt = 0; attempt < 2 && lack?.kind === 'short' && lack.ask && !isDecided(); attempt += 1) {
      await this.#ask(terms, until);
      const { lack: next, ...again } = await this.local.runLine(engineId, terms, this.#parts.clock.now());
      run = { decided: new Map([...run.decided, ...again.decided]), nextAt: again.nextAt };
      lack = next;
    }
    // Whoever waits in line hears of the answer as of any change.
    if (lack?.kind === 'low' || (lack?.kind === 'short' && lack.ask && isDecided())) void this.#asker.ask(terms);
    return run;
  }

  /** When whoever comes now is told what became of it at the latest, by the monotonic clock. */
  #askedUntil(): number {
    return this.#parts.clock.monotonic() + longestAskMs;
  }

  async #ask(terms: QuotaTerms, until: number, seatFor?: string): Promise<void> {
    const { clock } = this.#parts;
    const asked = this.#asker.ask(terms, seatFor);
    const leftMs = until - clock.monotonic();
    if (leftMs > 0) await withinTime(clock, leftMs, asked);
  }

  /** Somebody on another machine may wait for it. */
  #slotCameFree(planId: string): void {
    const terms = this.#terms.get(planId);
    if (terms !== undefined) void this.#asker.ask(terms);
  }

  async #hear(notice: SharedNotice): Promise<void> {
    const { store } = this.#parts;
    const { leases } = this.#office;
    if (notice.kind === 'machines') {
      const { planId } = notice;
      if (!this.#isWatched(planId)) {
        this.#others.miss(planId);
        return;
      }
      this.#others.look(planId);
      // With other sessions there are other numbers, which come with an answer.
      this.#askSoon(planId, await store.read(() => leases.askedAgainInMs(planId, watchedAskMs)));
      return;
    }
    for (const planId of this.#terms.keys()) {
      if (notice.kind === 'room' && notice.planId !== planId) continue;
      // What one machine gives back may be what another has just given back: they do not chase each other.
      this.#askSoon(planId, await store.read(() => leases.mayAskInMs(planId)));
    }
  }

  #askSoon(planId: string, inMs: number | undefined): void {
    this.#soon.do(planId, inMs, () => {
      const terms = this.#terms.get(planId);
      if (terms !== undefined) void this.#asker.ask(terms);
    });
  }

  /** Whether somebody looks at a plan's numbers, or did so of late. */
  #isWatched(planId: string): boolean {
    return this.#parts.clock.monotonic() - (this.#viewedAt.get(planId) ?? -Infinity) < watchedMs;
  }

  async #look(): Promise<'watch' | 'sleep'> {
    const { clock } = this.#parts;
    let next: 'watch' | 'sleep' = 'sleep';
    for (const terms of this.#terms.values()) {
      const duty = await this.#office.duty(terms, this.#isWatched(terms.planId), clock.now());
      if (duty === 'ask') void this.#asker.ask(terms);
      if ((await this.#speaker.speak(this.#engineId, terms)) || duty !== 'sleep') next = 'watch';
    }
    return next;
  }
}
