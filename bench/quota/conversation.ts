import type { AgentRequest } from './agentRequest.ts';
import type { RandomSource } from './randomSource.ts';
import type { AnswerTimes } from './scenario.ts';

/** What an agent's requests are like. */
export interface RequestStyle {
  /** Multiplies what each turn adds to the conversation. */
  readonly size: number;
  /** Tokens at which the conversation is compacted. */
  readonly largestContext: number;
  readonly answers: AnswerTimes | undefined;
}

/** Claude Code's first request: system prompt and tools, some 49,000 bytes. */
const firstContext = 12_000;
const bytesPerToken = 4;
/** How often the prompt cache has lost a conversation, which is then counted whole. */
const cacheLoss = 0.01;
const cachedSummary = 4_000;

/**
 * The requests of one conversation, as Claude Code makes them: each sends the whole conversation again, of which the
 * prompt cache has all but what came since. What comes in a turn is log-normal (a tool's result, mostly small) with a
 * Pareto tail (whole files); now and then the cache has expired and everything counts; at its largest the conversation
 * is compacted to a summary.
 */
export class Conversation {
  readonly #agent: number;
  readonly #random: RandomSource;
  readonly #style: RequestStyle;
  #context = 0;
  /** The answer before, which comes back in the next request and is not in the cache yet. */
  #lastOutput = 0;

  constructor(agent: number, random: RandomSource, style: RequestStyle) {
    this.#agent = agent;
    this.#random = random;
    this.#style = style;
  }

  next(): AgentRequest {
    const random = this.#random;
    const { counted, read } = this.#grow();
    const streamMs = Math.min(60_000, Math.max(2000, random.logNormal(8000, 0.9)));
    const outputTokens = Math.round((streamMs / 1000) * random.between(50, 90));
    this.#lastOutput = outputTokens;
    // What comes after the last cache breakpoint.
    const inputTokens = Math.min(counted, 200);
    return {
      agent: this.#agent,
      model: 'claude-sonnet-5',
      maxTokens: 32_000,
      bodyBytes: (counted + read) * bytesPerToken,
      usage: {
        inputTokens,
        cacheCreation5mTokens: counted - inputTokens,
        cacheCreation1hTokens: 0,
        cacheReadTokens: read,
        outputTokens,
      },
      firstByteMs: Math.min(6000, random.logNormal(1000, 0.5)),
      streamMs,
      ...this.#style.answers,
    };
  }

  /** Seconds that tools or a person take until the next request. */
  pauseMs(): number {
    return Math.min(60_000, this.#random.logNormal(2500, 1));
  }

  #grow(): { readonly counted: number; readonly read: number } {
    const random = this.#random;
    const { size, largestContext } = this.#style;
    if (this.#context === 0) {
      // The prompt that all agents share is in the cache when another has asked lately.
      const isShared = random.uniform() < 0.7;
      this.#context = firstContext + Math.round(random.logNormal(300, 1));
      return isShared
        ? { counted: this.#context - firstContext, read: firstContext }
        : { counted: this.#context, read: 0 };
    }
    const isWholeFile = random.uniform() < 0.05;
    const added = isWholeFile ? random.pareto(4000, 1.5) : random.logNormal(900, 1.1);
    const fresh = this.#lastOutput + Math.max(50, Math.round(Math.min(added * size, largestContext / 3)));
    if (this.#context + fresh > largestContext) {
      this.#context = firstContext + cachedSummary + fresh;
      return { counted: cachedSummary + fresh, read: firstContext };
    }
    const known = this.#context;
    this.#context += fresh;
    return random.uniform() < cacheLoss ? { counted: this.#context, read: 0 } : { counted: fresh, read: known };
  }
}
