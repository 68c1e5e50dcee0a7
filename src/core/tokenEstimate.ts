import { quotaInputTokens, type Usage } from './usage.ts';

/** Tokens that a request is expected to use of the limits (cache reads not counted). */
export interface TokenEstimate {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What is assumed of a session that has not been answered yet; Claude Code's own bodies have about 4 bytes a token. */
const firstGuess = { tokensPerByte: 0.25, outputTokens: 500 } as const;
/** Bytes assumed for a body whose length is not announced. */
const unannouncedBytes = 50_000;
/** Weight of the newest answer in what is learned. */
const newest = 0.3;
/** Sessions remembered at once; the one unheard of for longest is forgotten first. */
const remembered = 2_000;

interface Learned {
  readonly tokensPerByte: number;
  readonly outputTokens: number;
}

/** Learns, for each session, how many tokens a byte of its requests and its answers take. */
export class TokenEstimator {
  readonly #learned = new Map<string, Learned>();

  /** @param bodyBytes undefined when the length is not announced. */
  estimate(sessionId: string, bodyBytes: number | undefined): TokenEstimate {
    const known = this.#learned.get(sessionId) ?? firstGuess;
    return {
      inputTokens: Math.ceil((bodyBytes ?? unannouncedBytes) * known.tokensPerByte),
      outputTokens: Math.ceil(known.outputTokens),
    };
  }

  /** Takes in what a request of so many bytes really used. */
  learn(sessionId: string, bodyBytes: number | undefined, usage: Usage): void {
    const known = this.#learned.get(sessionId) ?? firstGuess;
    const perByte =
      bodyBytes === undefined || bodyBytes === 0 ? known.tokensPerByte : quotaInputTokens(usage) / bodyBytes;
    this.#learned.delete(sessionId);
    this.#learned.set(sessionId, {
      tokensPerByte: blend(known.tokensPerByte, perByte),
      outputTokens: blend(known.outputTokens, usage.outputTokens),
    });
    if (this.#learned.size <= remembered) return;
    const [oldest] = this.#learned.keys();
    if (oldest !== undefined) this.#learned.delete(oldest);
  }
}

function blend(known: number, seen: number): number {
  return known + newest * (seen - known);
}
