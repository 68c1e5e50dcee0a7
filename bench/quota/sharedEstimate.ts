import { TokenEstimator } from '../../src/core/tokenEstimate.ts';
import { quotaTokens } from '../../src/core/usage.ts';
import type { AgentRequest } from './agentRequest.ts';
import { askOf } from './askOf.ts';

/**
 * What limiters are told that a request takes, and what it took: Agent Quota's own estimator, which nobody has who uses
 * them today. They are to be compared by how they share, not by how they guess.
 */
export class SharedEstimate {
  readonly #estimator = new TokenEstimator();

  before(request: AgentRequest): number {
    const { inputTokens, outputTokens } = this.#estimator.estimate(askOf(request));
    return inputTokens + outputTokens;
  }

  /** @returns the tokens that it really took. */
  after(request: AgentRequest): number {
    this.#estimator.learn(askOf(request), request.usage);
    return quotaTokens(request.usage);
  }
}
