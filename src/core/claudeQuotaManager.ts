import { type AdmissionAsk, AdmissionRefusedError, type LimitReport, type RequestAdmission } from './admission.ts';
import type { BatchedMessage, Reservation, TokenOwner } from './admission.ts';
import { refusal, waitedTooLong } from './admissionRefusals.ts';
import { bookBatch } from './batchBooks.ts';
import { aMoment, lackOf, lineWait } from './lineWait.ts';
import { HeldRequest, type ReservationBooks } from './heldRequest.ts';
import type { LedgerView, OpeningOutcome, RequestOpening, SessionOpening, SlotLine, UsageEntry } from './ledger.ts';
import { defaultLongestWaitMs, longestHoldMs, retryAfterHoldSeconds } from './longestHold.ts';
import { PersistentWrites } from './persistentWrites.ts';
import { PlanAccounts } from './planAccounts.ts';
import { apiKeyPlan, maxSubscriptionPlan, type ApiKeyPlan, type MaxSubscriptionPlan, type Plan } from './plan.ts';
import { ObservedTurn, TurnEstimator } from './observedTurn.ts';
import type { QuotaManagerParts } from './quotaManagerParts.ts';
import { QuotaSignals } from './quotaSignals.ts';
import type { QuotaStatus } from './quotaStatus.ts';
import { hasAccounts, type QuotaTerms } from './quotaTerms.ts';
import { type BookParts, reservationBooks } from './reservationBooks.ts';
import type { EndReason, LiveSession, LookUp, Session, SessionSteering } from './session.ts';
import { noTokens, TokenEstimator } from './tokenEstimate.ts';
import { usageOfSessions } from './usage.ts';
import { WaitingLine } from './waitingLine.ts';

/**
 * The usage of all agents of a plan against its limits. It decides who may use quota and when; the numbers are in the
 * ledger, which it shares with the managers of other windows.
 */
export class ClaudeQuotaManager implements RequestAdmission {
  readonly #parts: QuotaManagerParts;
  readonly #estimator = new TokenEstimator();
  readonly #turns = new TurnEstimator();
  readonly #line: WaitingLine;
  /** What happens to requests of this engine. */
  readonly signals = new QuotaSignals();
  /** Writes that must not be lost. */
  readonly writes: PersistentWrites;
  readonly #accounts: PlanAccounts;
  readonly #stopListening: () => void;
  #terms: QuotaTerms;
  /** The plan that this engine's sessions were moved to; undefined where that has failed half-way. */
  #sessionsAreOn: string | undefined;
  #longestWaitMs = defaultLongestWaitMs;

  constructor(plan: Plan, parts: QuotaManagerParts) {
    this.#terms = { planId: plan.kind, plan, agents: [], dailyTokens: 'fallback' };
    this.#sessionsAreOn = plan.kind;
    this.#parts = parts;
    this.writes = new PersistentWrites(parts.clock, parts.logger);
    this.#accounts = new PlanAccounts(parts.ledger);
    this.#line = new WaitingLine(
      parts.clock,
      () => parts.ledger.runLine(parts.engineId, this.#terms, parts.clock.now()),
      (error) => {
        parts.logger.error('The line of requests could not be run.', error);
      },
    );
    this.#stopListening = parts.ledger.onChange(this.#line.run);
  }

  /** @throws InvalidPlanError */
  static newMaxSubscription(
    limits: Partial<Omit<MaxSubscriptionPlan, 'kind'>>,
    parts: QuotaManagerParts,
  ): ClaudeQuotaManager {
    return new ClaudeQuotaManager(maxSubscriptionPlan(limits), parts);
  }

  /** @throws InvalidPlanError */
  static newApiKey(limits: Partial<Omit<ApiKeyPlan, 'kind'>>, parts: QuotaManagerParts): ClaudeQuotaManager {
    return new ClaudeQuotaManager(apiKeyPlan(limits), parts);
  }

  get plan(): Plan {
    return this.#terms.plan;
  }

  /** The account's record; see `QuotaTerms`. */
  get planId(): string {
    return this.#terms.planId;
  }

  /**
   * Changes the terms and how long requests wait. Requests in line are looked at again at once; those that wait for
   * another plan are told to try again, and this engine's sessions are the new plan's.
   */
  async configure(settings: QuotaTerms, longestWaitMs: number): Promise<void> {
    const { clock } = this.#parts;
    if (hasAccounts(settings)) await this.#accounts.look(settings, clock.now());
    const terms = this.#accounts.applied(settings);
    if (terms.planId !== this.#terms.planId) this.#line.decideAll({ kind: 'plan-changed' });
    // What is asked for while the sessions move is asked of the new plan: nobody would serve it in the old one's line.
    this.#terms = terms;
    this.#longestWaitMs = longestWaitMs;
    await this.#moveSessions(terms.planId);
    this.#line.run();
  }

  /**
   * An agent that reports here has told its account: its session is that one's, and so is this window where none of
   * its agents are on the one before. @param account a digest of who it is.
   */
  async accountTold(session: Session, account: string): Promise<void> {
    const planId = await this.#accounts.tell(session, account, this.#terms);
    if (planId === undefined) return;
    // Who waits in the line of the account before stays there, and its line is run on.
    this.#terms = { ...this.#terms, planId };
    await this.#moveSessions(planId);
    this.#line.run();
  }

  /** Where it failed before, it is done with the next attempt. */
  async #moveSessions(planId: string): Promise<void> {
    if (this.#sessionsAreOn === planId) return;
    this.#sessionsAreOn = undefined;
    await this.#parts.ledger.moveSessions(this.#parts.engineId, planId);
    this.#sessionsAreOn = planId;
  }

  /** Takes a slot and an allocation for a session, or a place in the line for one. */
  async allocate(opening: SessionOpening): Promise<OpeningOutcome> {
    const { ledger, engineId, clock } = this.#parts;
    const outcome = await ledger.openSession(opening, engineId, this.#terms, clock.now());
    if (outcome.kind === 'opened') this.signals.opened.tell(opening.sessionId, opening.agentId);
    return outcome;
  }

  /** Gives a session's quota back. @returns the session as it ended; undefined when it was not live. */
  async release(sessionId: string, reason: EndReason): Promise<Session | undefined> {
    const { ledger, clock } = this.#parts;
    const ended = await ledger.endSession(sessionId, reason, clock.now());
    if (ended !== undefined) this.#line.run();
    return ended;
  }

  /** Pauses, resumes or weighs a session. @returns it as it is now; undefined when it is not live. */
  steer(sessionId: string, steering: SessionSteering): Promise<LiveSession | undefined> {
    return this.#parts.ledger.steerSession(sessionId, steering, this.#parts.clock.now());
  }

  async ownerOfToken(token: string, how?: LookUp): Promise<TokenOwner> {
    const session = await this.#parts.ledger.sessionOfTokenHash(this.#parts.secrets.hash(token), how);
    if (session === undefined) return { kind: 'unknown' };
    return session.state === 'ended' ? { kind: 'ended', session } : { kind: 'live', session };
  }

  async reserve(ask: AdmissionAsk, signal: AbortSignal): Promise<Reservation> {
    signal.throwIfAborted();
    const reservationId = this.#parts.secrets.id();
    const estimate = ask.usesTokens ? this.#estimator.estimate(ask) : noTokens;
    const { sessionId, model } = ask;
    const holdMs = longestHoldMs(this.#longestWaitMs, ask.patienceMs);
    const opening = { reservationId, sessionId, requests: 1, estimate, model };
    if (!(await this.#isAdmitted(opening, holdMs, signal))) {
      const refused = refusal({ kind: 'plan-changed' });
      this.signals.refused.tell(sessionId, refused.message);
      throw refused;
    }
    return new HeldRequest(reservationId, ask, estimate, this.#books(sessionId));
  }

  /**
   * Waits in the same line until an observed agent's turn may begin. Where the plan changes meanwhile it goes into that
   * one's line: a request is sent again by its agent, but a turn that is refused is not.
   * @param signal aborts the wait.
   * @throws AdmissionRefusedError, or the signal's reason.
   */
  async admitTurn(sessionId: string, signal: AbortSignal): Promise<ObservedTurn> {
    signal.throwIfAborted();
    const estimate = this.#turns.estimate(sessionId);
    const opening = { sessionId, requests: 1, estimate, model: undefined };
    let turnId = this.#parts.secrets.id();
    while (!(await this.#isAdmitted({ ...opening, reservationId: turnId }, this.#longestWaitMs, signal))) {
      signal.throwIfAborted();
      turnId = this.#parts.secrets.id();
    }
    return this.#turn(sessionId, turnId);
  }

  #turn(sessionId: string, turnId: string): ObservedTurn {
    return new ObservedTurn({
      book: (entry) => this.book(sessionId, entry, turnId),
      end: async (used) => {
        this.#turns.learn(sessionId, used);
        await this.#withdraw(turnId);
      },
    });
  }

  /**
   * Waits in line. Where it is not admitted nothing is in line or held.
   * @returns false when the plan was changed meanwhile.
   * @throws AdmissionRefusedError, or the signal's reason.
   */
  async #isAdmitted(opening: RequestOpening, holdMs: number, signal: AbortSignal): Promise<boolean> {
    const { ledger, clock, engineId } = this.#parts;
    const { reservationId, sessionId } = opening;
    const wait = lineWait(clock, holdMs, signal, async () => {
      const lack = await lackOf(ledger, sessionId);
      return waitedTooLong(holdMs, lack, retryAfterHoldSeconds(this.#line.nextAt, clock.now()));
    });
    const place = this.#line.join(reservationId, wait.decide);
    try {
      const run = await ledger.enqueue(opening, engineId, this.#terms, clock.now());
      const inLineAt = clock.now();
      const waits = place.enqueued(run);
      // Not before: a request that there is room for is not refused because the ledger was busy.
      wait.inLine();
      const decided = await wait.decided;
      if (decided.kind === 'used-up') this.signals.usedUp.tell(decided.what, decided.until);
      if (decided.kind === 'plan-changed') {
        await aMoment(clock, this.#withdraw(reservationId));
        return false;
      }
      if (decided.kind !== 'admitted') throw refusal(decided);
      const waitedMs = waits ? Math.max(1, clock.now() - inLineAt) : 0;
      this.signals.admitted.tell(sessionId, waitedMs);
      return true;
    } catch (error) {
      if (error instanceof AdmissionRefusedError) this.signals.refused.tell(sessionId, error.message);
      await aMoment(clock, this.#withdraw(reservationId));
      throw error;
    } finally {
      wait.end();
      place.over();
    }
  }

  #books(sessionId: string): ReservationBooks {
    return reservationBooks(sessionId, {
      ...this.#bookParts,
      runLine: this.#line.run,
      withdraw: (id) => this.#withdraw(id),
      estimator: this.#estimator,
    });
  }

  get #bookParts(): BookParts {
    return { ...this.#parts, writes: this.writes, signals: this.signals, terms: () => this.#terms };
  }

  async #withdraw(reservationId: string): Promise<void> {
    await this.writes.write('give back what a request held', () => this.#parts.ledger.withdraw(reservationId));
    this.#line.run();
  }

  /** Why what was used cannot be booked now; undefined when it can. */
  get writeFailure(): string | undefined {
    return this.writes.failure;
  }

  /** The line for slots as it is. */
  slotLine(): Promise<SlotLine> {
    return this.#parts.ledger.slotLine(this.#terms);
  }

  /**
   * Books what an observed agent reports, once per request id.
   * @param turnId the turn that it is part of; see `Ledger.book`.
   * @returns false when it was booked before, or the session is unknown.
   */
  async book(sessionId: string, entry: UsageEntry, turnId?: string): Promise<boolean> {
    const { ledger, clock } = this.#parts;
    const counted = await ledger.book(sessionId, entry, this.#terms, clock.now(), turnId);
    if (counted) {
      this.signals.booked.tell(sessionId, entry);
      this.#line.run();
    }
    return counted;
  }

  bookBatch(sessionId: string, messages: readonly BatchedMessage[]): Promise<void> {
    return bookBatch(sessionId, messages, this.#bookParts);
  }

  /** @param sessionId whose agent has told it, on whatever account that is; this window's when left out. */
  async observe(report: LimitReport, sessionId?: string): Promise<void> {
    await this.#parts.ledger.observe(report, this.#terms, this.#parts.clock.now(), sessionId);
  }

  /** @param sessionId whose account's limits are wanted; this window's when left out. */
  view(sessionId?: string): Promise<LedgerView> {
    return this.#parts.ledger.view(this.#terms, this.#parts.clock.now(), sessionId);
  }

  /** What of each limit is used and left. */
  async status(): Promise<QuotaStatus> {
    return (await this.view()).status;
  }

  /** What each live session has used, and all of them in sum. */
  async usage(): Promise<ReturnType<typeof usageOfSessions>> {
    return usageOfSessions(await this.#parts.ledger.liveSessions());
  }

  dispose(): void {
    this.#stopListening();
    this.writes.dispose();
    this.#line.dispose();
  }
}
