import assert from 'node:assert/strict';
import type { LimitReport } from '../../../src/core/admission.ts';
import type { AgentRule } from '../../../src/core/agentRules.ts';
import type { Charge, Ledger, LedgerView, LineRun, OpeningOutcome, RequestState } from '../../../src/core/ledger.ts';
import { apiKeyPlan, type Plan } from '../../../src/core/plan.ts';
import type { QuotaTerms } from '../../../src/core/quotaTerms.ts';
import type { Dimension, LimitStatus } from '../../../src/shared/limitStatus.ts';
import type { Session, SessionMode } from '../../../src/core/session.ts';
import { noUsage, type Usage } from '../../../src/core/usage.ts';
import { report } from './reports.ts';
import { terms } from './terms.ts';

/** Opens a ledger that is empty, for one test. */
export type OpenLedger = () => Promise<{ readonly ledger: Ledger; readonly dispose: () => Promise<void> }>;

export interface AskOptions {
  readonly input?: number;
  /** What the input side is at most; the same as `input` when left out. */
  readonly most?: number;
  readonly output?: number;
  /** How far answers are from that, as a standard deviation. */
  readonly deviation?: number;
  readonly model?: string;
  readonly engineId?: string;
}

export interface OpenOptions {
  readonly wait?: boolean;
  readonly ticket?: string;
  readonly engineId?: string;
  readonly mode?: SessionMode;
  readonly pid?: number;
  readonly idleWithoutSlot?: boolean;
  readonly parentSessionId?: string;
}

/** What a request used, in few words. */
export function tokens(input: number, output = 0, rest: Partial<Usage> = {}): Usage {
  return { ...noUsage, inputTokens: input, outputTokens: output, ...rest };
}

/** A ledger, the plan and the time, and what tests do with them in one call each. */
export class LedgerTester {
  readonly ledger: Ledger;
  plan: Plan;
  agents: readonly AgentRule[] = [];
  dailyTokens: QuotaTerms['dailyTokens'] = 'fallback';
  /** The plan's own record; its kind when undefined. */
  planId: string | undefined;
  now = new Date(2026, 0, 15, 12).getTime();
  readonly #name: string;
  #count = 0;

  /** @param name tells apart the sessions and requests of several testers of one ledger. */
  constructor(ledger: Ledger, plan: Plan = apiKeyPlan(), name = '') {
    this.ledger = ledger;
    this.plan = plan;
    this.#name = name;
  }

  get terms(): QuotaTerms {
    const { plan, agents, dailyTokens, planId = plan.kind } = this;
    return terms(plan, { agents, dailyTokens, planId });
  }

  open(agentId: string, options: OpenOptions = {}): Promise<OpeningOutcome> {
    const {
      wait = false,
      ticket = `ticket of ${agentId}`,
      engineId = 'engine',
      mode = 'routed',
      pid = 1,
      ...rest
    } = options;
    const sessionId = `${this.#name}session ${this.#next()}`;
    const opening = {
      sessionId,
      ticket,
      agentId,
      mode,
      tokenHash: `hash of ${sessionId}`,
      workspace: 'work',
      wait,
      ...rest,
    };
    return this.ledger.openSession({ ...opening, process: { pid } }, engineId, this.terms, this.now);
  }

  /** Opens a session that gets its slot. @returns its id. */
  async opened(agentId = 'agent', options: OpenOptions = {}): Promise<string> {
    const outcome = await this.open(agentId, options);
    assert.ok(outcome.kind === 'opened', outcome.kind);
    return outcome.session.sessionId;
  }

  /** Puts a request in line. @returns its reservation and what became of it. */
  async ask(
    sessionId: string,
    options: AskOptions = {},
  ): Promise<{ id: string; state: RequestState['kind']; run: LineRun }> {
    const { input = 0, most = input, output = 0, deviation = 0, model, engineId = 'engine' } = options;
    const id = `${this.#name}request ${String(this.#next()).padStart(6, '0')}`;
    const opening = {
      reservationId: id,
      sessionId,
      requests: 1,
      estimate: {
        inputTokens: input,
        mostInputTokens: most,
        outputTokens: output,
        mostOutputTokens: Infinity,
        outputDeviation: deviation,
      },
      model,
    };
    const run = await this.ledger.enqueue(opening, engineId, this.terms, this.now);
    return { id, state: run.decided.get(id)?.kind ?? 'waiting', run };
  }

  async admitted(sessionId: string, options: AskOptions = {}): Promise<string> {
    const { id, state } = await this.ask(sessionId, options);
    assert.equal(state, 'admitted');
    return id;
  }

  async waiting(sessionId: string, options: AskOptions = {}): Promise<string> {
    const { id, state } = await this.ask(sessionId, options);
    assert.equal(state, 'waiting');
    return id;
  }

  run(engineId = 'engine'): Promise<LineRun> {
    return this.ledger.runLine(engineId, this.terms, this.now);
  }

  /** Runs the line. @returns the requests that were admitted. */
  async goes(engineId = 'engine'): Promise<string[]> {
    const { decided } = await this.run(engineId);
    return [...decided].flatMap(([id, { kind }]) => (kind === 'admitted' ? [id] : []));
  }

  charge(id: string, charge: Partial<Charge> = {}): Promise<void> {
    const whole = { requests: 1, inputTokens: 0, outputTokens: 0, ...charge };
    return this.ledger.charge(id, whole, this.terms, this.now);
  }

  settle(id: string, usage: Usage | undefined, requestId?: string): Promise<boolean> {
    const entry = usage === undefined ? undefined : { usage, model: 'claude', requestId };
    const { inputTokens, outputTokens, cacheCreation5mTokens, cacheCreation1hTokens } = usage ?? noUsage;
    const counted = inputTokens + cacheCreation5mTokens + cacheCreation1hTokens;
    const charge = { requests: 1, inputTokens: counted, outputTokens };
    return this.ledger.settle(id, entry, charge, this.terms, this.now);
  }

  /** Books what was used without asking. @returns whether it counts. */
  book(sessionId: string, usage: Usage, requestId?: string, model = 'claude'): Promise<boolean> {
    return this.ledger.book(sessionId, { usage, model, requestId }, this.terms, this.now);
  }

  observe(given: Partial<LimitReport>): Promise<void> {
    return this.ledger.observe(report(given), this.terms, this.now);
  }

  view(): Promise<LedgerView> {
    return this.ledger.view(this.terms, this.now);
  }

  async limit(dimension: Dimension): Promise<LimitStatus> {
    const { status } = await this.view();
    const found = status.limits.find((limit) => limit.dimension === dimension);
    assert.ok(found, `no limit of ${dimension}`);
    return found;
  }

  async used(dimension: Dimension): Promise<number> {
    return (await this.limit(dimension)).used;
  }

  async session(sessionId: string): Promise<Session> {
    const found = await this.ledger.sessionOfTokenHash(`hash of ${sessionId}`);
    assert.ok(found);
    return found;
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}
