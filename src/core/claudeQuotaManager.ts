import {
  AdmissionRefusedError,
  type AdmissionAsk,
  type LimitReport,
  type RequestAdmission,
  type Reservation,
  type TokenOwner,
} from './admission.ts';
import { type Clock } from './clock.ts';
import { HeldRequest, type ReservationBooks } from './heldRequest.ts';
import {
  type Ledger,
  type LedgerView,
  type LineRun,
  type OpeningOutcome,
  type SessionOpening,
  type SlotLine,
  type UsageEntry,
} from './ledger.ts';
import { type Logger } from './logger.ts';
import { PersistentWrites } from './persistentWrites.ts';
import { apiKeyPlan, maxSubscriptionPlan, type ApiKeyPlan, type MaxSubscriptionPlan, type Plan } from './plan.ts';
import { type QuotaStatus } from './quotaStatus.ts';
import { type QuotaTerms } from './quotaTerms.ts';
import { rerun } from './rerun.ts';
import { type SecretSource } from './secretSource.ts';
import { type EndReason, type Session } from './session.ts';
import { noTokens, TokenEstimator } from './tokenEstimate.ts';
import { addUsage, noUsage, type Usage } from './usage.ts';

/** What a quota manager works with. */
export interface QuotaManagerParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly secrets: SecretSource;
  readonly logger: Logger;
  readonly engineId: string;
}

/** The longest that a request waits in line when nothing else is said: less than Claude Code's own 10 minutes. */
export const defaultLongestWaitMs = 8 * 60_000;
/** What a request that waited too long is told: soon enough for Claude Code to try again by itself, in seconds. */
const retryAfterWaitSeconds = 5;

/** When the line is run again after that has failed, in milliseconds. */
const retryLineMs = 1000;

type Decided =
  (LineRun['decided'] extends ReadonlyMap<string, infer State> ? State : never) | { readonly kind: 'plan-changed' };

/**
 * The usage of all agents of a plan against its limits. It decides who may use quota and when; the numbers are in the
 * ledger, which it shares with the managers of other windows.
 */
export class ClaudeQuotaManager implements RequestAdmission {
  readonly #parts: QuotaManagerParts;
  readonly #estimator = new TokenEstimator();
  readonly #waiting = new Map<string, (state: Decided) => void>();
  readonly #answerListeners = new Set<(status: number) => void>();
  readonly #writes: PersistentWrites;
  readonly #runLine: () => void;
  readonly #stopListening: () => void;
  #terms: QuotaTerms;
  #longestWaitMs = defaultLongestWaitMs;
  #cancelTimer: () => void = () => undefined;

  constructor(plan: Plan, parts: QuotaManagerParts) {
    this.#terms = { planId: plan.kind, plan, agents: [], dailyTokens: 'fallback' };
    this.#parts = parts;
    this.#writes = new PersistentWrites(parts.clock, parts.logger);
    this.#runLine = rerun(
      async () => {
        if (this.#waiting.size > 0)
          this.#take(await parts.ledger.runLine(parts.engineId, this.#terms, parts.clock.now()));
      },
      (error) => {
        parts.logger.error('The line of requests could not be run.', error);
        this.#cancelTimer();
        this.#cancelTimer = parts.clock.after(retryLineMs, this.#runLine);
      },
    );
    this.#stopListening = parts.ledger.onChange(this.#runLine);
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

  /**
   * Changes the terms and how long requests wait. Requests in line are looked at again at once; those that wait for
   * another plan are told to try again, and this engine's sessions are the new plan's.
   */
  async configure(terms: QuotaTerms, longestWaitMs: number): Promise<void> {
    const { ledger, engineId } = this.#parts;
    const moves = terms.planId !== this.#terms.planId;
    if (moves) for (const decide of this.#waiting.values()) decide({ kind: 'plan-changed' });
    // What is asked for while the sessions move is asked of the new plan: nobody would serve it in the old one's line.
    this.#terms = terms;
    this.#longestWaitMs = longestWaitMs;
    if (moves) await ledger.moveSessions(engineId, terms.planId);
    this.#runLine();
  }

  /** Takes a slot and an allocation for a session, or a place in the line for one. */
  allocate(opening: SessionOpening): Promise<OpeningOutcome> {
    const { ledger, engineId, clock } = this.#parts;
    return ledger.openSession(opening, engineId, this.#terms, clock.now());
  }

  /** Gives a session's quota back. @returns the session as it ended; undefined when it was not live. */
  async release(sessionId: string, reason: EndReason): Promise<Session | undefined> {
    const { ledger, clock } = this.#parts;
    const ended = await ledger.endSession(sessionId, reason, clock.now());
    if (ended !== undefined) this.#runLine();
    return ended;
  }

  async ownerOfToken(token: string): Promise<TokenOwner> {
    const session = await this.#parts.ledger.sessionOfTokenHash(this.#parts.secrets.hash(token));
    if (session === undefined) return { kind: 'unknown' };
    return session.state === 'ended' ? { kind: 'ended', session } : { kind: 'live', session };
  }

  async reserve(ask: AdmissionAsk, signal: AbortSignal): Promise<Reservation> {
    signal.throwIfAborted();
    const { ledger, clock, engineId, secrets } = this.#parts;
    const reservationId = secrets.id();
    const estimate = ask.usesTokens ? this.#estimator.estimate(ask) : noTokens;
    const turn = this.#turn(reservationId, signal);
    try {
      const { sessionId, model } = ask;
      const opening = { reservationId, sessionId, requests: 1, estimate, model };
      this.#take(await ledger.enqueue(opening, engineId, this.#terms, clock.now()));
      const decided = await turn.decided;
      if (decided.kind !== 'admitted') throw refusal(decided);
      return new HeldRequest(reservationId, ask, estimate, this.#books());
    } catch (error) {
      await this.#withdraw(reservationId);
      throw error;
    } finally {
      turn.end();
    }
  }

  /** Waits for the line's decision, the wait's end or the client's leaving, whichever is first. */
  #turn(reservationId: string, signal: AbortSignal): { decided: Promise<Decided>; end: () => void } {
    const { promise, resolve, reject } = Promise.withResolvers<Decided>();
    promise.catch(() => undefined);
    const leave = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('The client has gone.'));
    };
    const cancelTimer = this.#parts.clock.after(this.#longestWaitMs, () => {
      reject(
        new AdmissionRefusedError(
          `Agent Quota held this request for ${Math.round(this.#longestWaitMs / 1000)} seconds because the plan's limits are used up. Try again, run fewer agents at once, or raise the limits in the settings of Agent Quota.`,
          retryAfterWaitSeconds,
        ),
      );
    });
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.set(reservationId, resolve);
    return {
      decided: promise,
      end: () => {
        cancelTimer();
        signal.removeEventListener('abort', leave);
        this.#waiting.delete(reservationId);
      },
    };
  }

  #take(run: LineRun): void {
    for (const [reservationId, state] of run.decided) this.#waiting.get(reservationId)?.(state);
    this.#cancelTimer();
    if (run.nextAt === undefined) return;
    const { clock } = this.#parts;
    this.#cancelTimer = clock.after(run.nextAt - clock.now(), this.#runLine);
  }

  #books(): ReservationBooks {
    const { ledger, clock, logger } = this.#parts;
    return {
      charge: (id, charge) => ledger.charge(id, charge, this.#terms, clock.now()),
      settle: async (id, entry, charge) => {
        const settled = await this.#writes.write('book what a request used', () =>
          ledger.settle(id, entry, charge, this.#terms, clock.now()),
        );
        if (!settled) logger.warn(`Request ${entry?.requestId ?? id} was booked before and is not counted again.`);
        this.#runLine();
      },
      withdraw: (id) => this.#withdraw(id),
      learn: (ask, usage) => {
        this.#estimator.learn(ask, usage);
      },
      answered: (status) => {
        for (const listener of this.#answerListeners) listener(status);
      },
    };
  }

  async #withdraw(reservationId: string): Promise<void> {
    await this.#writes.write('give back what a request held', () => this.#parts.ledger.withdraw(reservationId));
    this.#runLine();
  }

  /** Why what was used cannot be booked now; undefined when it can. */
  get writeFailure(): string | undefined {
    return this.#writes.failure;
  }

  /** Tells how the upstream answered each request (HTTP status). @returns a function that ends the calls. */
  onAnswer(listener: (status: number) => void): () => void {
    this.#answerListeners.add(listener);
    return () => this.#answerListeners.delete(listener);
  }

  /** The line for slots as it is. */
  slotLine(): Promise<SlotLine> {
    return this.#parts.ledger.slotLine(this.#terms);
  }

  /**
   * Books what an observed agent reports, once per request id. @returns false when it was booked before, or the session
   * is unknown.
   */
  async book(sessionId: string, entry: UsageEntry): Promise<boolean> {
    const { ledger, clock } = this.#parts;
    const counted = await ledger.book(sessionId, entry, this.#terms, clock.now());
    if (counted) this.#runLine();
    return counted;
  }

  async observe(report: LimitReport): Promise<void> {
    await this.#parts.ledger.observe(report, this.#terms, this.#parts.clock.now());
  }

  view(): Promise<LedgerView> {
    return this.#parts.ledger.view(this.#terms, this.#parts.clock.now());
  }

  /** What of each limit is used and left. */
  async status(): Promise<QuotaStatus> {
    return (await this.view()).status;
  }

  /** What each live session has used, and all of them in sum. */
  async usage(): Promise<{ readonly bySession: ReadonlyMap<string, Usage>; readonly total: Usage }> {
    const sessions = await this.#parts.ledger.liveSessions();
    return {
      bySession: new Map(sessions.map(({ sessionId, usage }) => [sessionId, usage])),
      total: sessions.reduce((sum, { usage }) => addUsage(sum, usage), noUsage),
    };
  }

  dispose(): void {
    this.#cancelTimer();
    this.#stopListening();
    this.#writes.dispose();
    for (const decide of this.#waiting.values()) decide({ kind: 'gone' });
  }
}

function refusal(decided: Exclude<Decided, { kind: 'admitted' }>): AdmissionRefusedError {
  if (decided.kind === 'gone') {
    return new AdmissionRefusedError('This session has ended. Start a new agent terminal to go on.', undefined);
  }
  if (decided.kind === 'plan-changed') {
    return new AdmissionRefusedError('The plan was changed while this request waited. Try again.', 1);
  }
  const until = new Date(decided.until).toLocaleString([], { weekday: 'short', hour: '2-digit', minute: '2-digit' });
  return new AdmissionRefusedError(
    decided.what === 'day'
      ? `The tokens of today do not suffice for this request. Go on after ${until}, or raise the daily tokens in the settings of Agent Quota.`
      : `The subscription's usage window is used up. Go on after ${until}, when it starts anew.`,
    undefined,
  );
}
