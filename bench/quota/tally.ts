import { requestCost, type RateAmounts } from '../../src/core/rateLimits.ts';
import { quotaInputTokens, quotaTokens } from '../../src/core/usage.ts';
import type { AgentRequest } from './agentRequest.ts';
import type { UpstreamWitness } from './upstream.ts';

/** One second of a run. */
export interface SecondCount {
  /** By dimension: what came in, and what the bucket held at the second's end. */
  readonly supply: RateAmounts;
  readonly level: RateAmounts;
}

/** A request that waited from the first wish to send it until the upstream took it; times since the run's start. */
export interface Wait {
  readonly agent: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Admission {
  readonly agent: number;
  readonly atMs: number;
  /** What the request takes in the end, by dimension. */
  readonly amounts: RateAmounts;
  /** What it did not count because the prompt cache had it; that it had is known from the answer's first byte on. */
  readonly cachedTokens: number;
  readonly knownAtMs: number;
}

/** Writes down what happens in a run; the figures are made of it. */
export class Tally implements UpstreamWitness {
  readonly seconds: SecondCount[] = [];
  readonly waits: Wait[] = [];
  readonly admissions: Admission[] = [];
  refusals = 0;
  answeredRequests = 0;
  answeredTokens = 0;
  /** Tokens of answered requests whose task failed later, so that it has to be done again. */
  lostTokens = 0;
  failedRequests = 0;
  readonly #sinceStart: () => number;
  readonly #waiting = new Map<AgentRequest, number>();

  /** @param sinceStart milliseconds since the run's start. */
  constructor(sinceStart: () => number) {
    this.#sinceStart = sinceStart;
  }

  /** An agent wants to send a request. */
  wanted(request: AgentRequest): void {
    this.#waiting.set(request, this.#sinceStart());
  }

  refused(): void {
    this.refusals += 1;
  }

  /**
   * The upstream has taken a request.
   * @param inputTokens that it counted, where the request does not tell.
   * @param agoMs how long ago.
   */
  admitted(request: AgentRequest, inputTokens = quotaInputTokens(request.usage), agoMs = 0): void {
    this.#endWait(request, agoMs);
    const amounts = requestCost(1, inputTokens, request.usage.outputTokens);
    const atMs = this.#sinceStart() - agoMs;
    const { agent, usage, firstByteMs } = request;
    const cachedTokens = usage.cacheReadTokens;
    this.admissions.push({ agent, atMs, amounts, cachedTokens, knownAtMs: atMs + firstByteMs });
  }

  answered(request: AgentRequest): void {
    this.answeredRequests += 1;
    this.answeredTokens += quotaTokens(request.usage);
  }

  /** The agent has given the request up. @param spent what its task has used so far. */
  failed(request: AgentRequest, spent: number): void {
    this.#endWait(request);
    this.failedRequests += 1;
    this.lostTokens += spent;
  }

  /** To be called once a second. */
  secondPassed(second: SecondCount): void {
    this.seconds.push(second);
  }

  /** What still waits at the end has waited at least so long. */
  end(): void {
    for (const request of [...this.#waiting.keys()]) this.#endWait(request);
  }

  #endWait(request: AgentRequest, agoMs = 0): void {
    const fromMs = this.#waiting.get(request);
    if (fromMs === undefined) return;
    this.#waiting.delete(request);
    this.waits.push({ agent: request.agent, fromMs, toMs: this.#sinceStart() - agoMs });
  }
}
