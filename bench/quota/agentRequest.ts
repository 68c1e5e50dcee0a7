import type { Usage } from '../../src/core/usage.ts';

/** One request that an agent makes, and the answer that it is going to get. */
export interface AgentRequest {
  /** Which of the scenario's agents. */
  readonly agent: number;
  readonly model: string;
  readonly maxTokens: number;
  readonly bodyBytes: number;
  /** What the upstream counts, cache reads and output included. */
  readonly usage: Usage;
  /** From the upstream's admission to the answer's first byte. */
  readonly firstByteMs: number;
  /** From the first byte to the last; the output comes evenly in between. */
  readonly streamMs: number;
}
