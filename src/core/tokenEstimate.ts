import type { AdmissionAsk } from './admission.ts';
import { allInputTokens, type Usage } from './usage.ts';

/** Tokens that a request is expected to use of the limits (cache reads not counted). */
export interface TokenEstimate {
  readonly inputTokens: number;
  /** The input side if nothing of it comes from the prompt cache. */
  readonly mostInputTokens: number;
  readonly outputTokens: number;
  /** The output that the request allows; Infinity when that is not known. */
  readonly mostOutputTokens: number;
  /** How far answers to the model's requests are from what is expected of them: their standard deviation. */
  readonly outputDeviation: number;
}

export const noTokens: TokenEstimate = Object.freeze({
  inputTokens: 0,
  mostInputTokens: 0,
  outputTokens: 0,
  mostOutputTokens: 0,
  outputDeviation: 0,
});

/** What is assumed before anything is learned; Claude Code's own bodies have about 4 bytes a token. */
const firstGuess = { tokensPerByte: 0.25, outputTokens: 500, outputVariance: 500 ** 2, mostInput: 0 } as const;
/**
 * The most tokens that a request is expected to have before one with more is seen: the usual context. What a body has
 * beyond it is no text but pictures and files, of which a token has a thousand bytes and more. Source: API
 * documentation, "Context windows", "Vision".
 */
const usualContext = 200_000;
/** So many times the most that was seen of a model a request may have. */
const growth = 2;
/** Bytes assumed for a body whose length is not announced. */
const unannouncedBytes = 50_000;
/** Weight of the newest answer in what is learned. */
const newest = 0.3;
/** The same for how far answers are from it: the long ones make it, which are few and end after the short ones. */
const newestDeviation = 0.05;
/** Sessions and models remembered at once; the one unheard of for longest is forgotten first. */
const remembered = 2_000;
/** Bodies remembered of a session: those of the conversations that it and its subagents have with the model. */
const rememberedBodies = 16;

interface Learned {
  /** All input tokens, cached or not, of a byte. */
  readonly tokensPerByte: number;
  readonly outputTokens: number;
  /** How far answers are from the length that was expected, squared. */
  readonly outputVariance: number;
  /** The most input that a request has had, cached or not. */
  readonly mostInput: number;
  /** Lengths in bytes, newest last. */
  readonly bodies: readonly number[];
}

/** Of so many standard deviations a sum of many is hardly ever above what is expected of it. */
const sureDeviations = 3;

/**
 * The output that a request is to hold beyond what is expected of it. An answer's length is known only at its end, and
 * the long ones are those that are under way for long: what is being written at one moment is often more than the
 * expected output of those who write it. They err independently of each other, so that the error of their sum grows
 * with the square root of their number: the more there are, the less each has to hold.
 * @param heldOutput what the requests under way hold of output.
 * @returns tokens; never more than the request allows beyond its expected ones.
 */
export function outputReserve(estimate: TokenEstimate, heldOutput: number): number {
  const { outputTokens, mostOutputTokens, outputDeviation } = estimate;
  // Each holds what is expected of it and, when some nine are under way, a deviation.
  const underWay = Math.max(1, heldOutput / Math.max(1, outputTokens + outputDeviation));
  return Math.min(mostOutputTokens - outputTokens, Math.ceil((sureDeviations * outputDeviation) / Math.sqrt(underWay)));
}

/**
 * Learns how many tokens requests take. An agent sends its whole conversation again each time, and the prompt cache has
 * what it sent before: what counts is what has come since, which is how much longer the body is than one before it.
 */
export class TokenEstimator {
  readonly #learned = new Map<string, Learned>();

  estimate({ sessionId, model, bodyBytes, maxTokens }: AdmissionAsk): TokenEstimate {
    const ofModel = this.#learned.get(keyOf(model));
    const ofSession = this.#learned.get(keyOf(model, sessionId));
    const { tokensPerByte } = ofModel ?? firstGuess;
    const { outputTokens } = ofSession ?? ofModel ?? firstGuess;
    const { outputVariance, mostInput } = ofModel ?? firstGuess;
    const context = Math.max(usualContext, growth * mostInput);
    const mostOutputTokens = maxTokens ?? Infinity;
    const bytes = bodyBytes ?? unannouncedBytes;
    const sentBefore = Math.max(0, ...(ofSession?.bodies ?? []).filter((length) => length <= bytes));
    return {
      inputTokens: Math.min(context, Math.ceil((bytes - sentBefore) * tokensPerByte)),
      mostInputTokens: Math.min(context, Math.ceil(bytes * tokensPerByte)),
      outputTokens: Math.min(mostOutputTokens, Math.ceil(outputTokens)),
      mostOutputTokens,
      outputDeviation: Math.sqrt(outputVariance),
    };
  }

  /** Takes in what a request really used. */
  learn({ sessionId, model, bodyBytes }: AdmissionAsk, usage: Usage): void {
    for (const key of [keyOf(model, sessionId), keyOf(model)]) {
      const known = this.#learned.get(key) ?? { ...firstGuess, bodies: [] };
      const hasLength = bodyBytes !== undefined && bodyBytes > 0;
      const perByte = hasLength ? allInputTokens(usage) / bodyBytes : known.tokensPerByte;
      this.#learned.delete(key);
      this.#learned.set(key, {
        tokensPerByte: blend(known.tokensPerByte, perByte),
        outputTokens: blend(known.outputTokens, usage.outputTokens),
        outputVariance: blend(known.outputVariance, (usage.outputTokens - known.outputTokens) ** 2, newestDeviation),
        mostInput: Math.max(known.mostInput, allInputTokens(usage)),
        bodies: hasLength ? [...known.bodies, bodyBytes].slice(-rememberedBodies) : known.bodies,
      });
    }
    while (this.#learned.size > remembered) {
      const [oldest] = this.#learned.keys();
      if (oldest === undefined) break;
      this.#learned.delete(oldest);
    }
  }
}

function keyOf(model: string | undefined, sessionId = ''): string {
  return `${sessionId}\n${model ?? ''}`;
}

function blend(known: number, seen: number, weight: number = newest): number {
  return known + weight * (seen - known);
}
