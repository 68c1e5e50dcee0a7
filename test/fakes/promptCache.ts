import { createHash } from 'node:crypto';

import type { CacheLifetime, MessageRequest } from './messageRequest.ts';
import type { MessageUsage } from './messageUsage.ts';

/** A token is four bytes here: near the truth for English and code, and easy to check by hand. */
const BYTES_PER_TOKEN = 4;

/** Prefixes remembered before the oldest is forgotten. */
const MAX_PREFIXES = 50_000;

/** The input side of a request's usage, and what to remember once it is served. */
export interface MeasuredInput {
  readonly usage: MessageUsage;
  /** Makes the request's breakpoints readable from the cache. Not to be called for a refused request. */
  readonly remember: () => void;
}

/** A prompt up to the end of one of its blocks. */
interface Prefix {
  readonly digest: string;
  readonly tokens: number;
  /** Set if a cache breakpoint is here. */
  readonly lifetime: CacheLifetime | undefined;
}

/** The input tokens of a body of so many bytes, cached or not. */
export function inputTokensOf(bodyBytes: number): number {
  return Math.max(1, Math.ceil(bodyBytes / BYTES_PER_TOKEN));
}

/**
 * Prompt caching, per key and model: the longest prefix that ended at a breakpoint of an earlier request is read,
 * the rest up to the last breakpoint is created, the remainder is uncached. Unlike the real one it has no minimum
 * length and nothing expires.
 */
export class PromptCache {
  readonly #prefixes = new Set<string>();

  /** Deterministic in the body's bytes and in what was remembered; `outputTokens` is 0. */
  measure(key: string, request: MessageRequest): MeasuredInput {
    const prefixes = prefixesOf(key, request);
    const cached = prefixes.slice(0, prefixes.findLastIndex(({ lifetime }) => lifetime !== undefined) + 1);
    const known = cached.findLastIndex(({ digest }) => this.#prefixes.has(digest));
    const readTokens = cached[known]?.tokens ?? 0;
    const created = { '5m': 0, '1h': 0 };
    let cachedTokens = readTokens;
    for (const { lifetime, tokens } of cached.slice(known + 1)) {
      if (lifetime !== undefined) {
        created[lifetime] += tokens - cachedTokens;
        cachedTokens = tokens;
      }
    }
    return {
      usage: {
        inputTokens: Math.max(1, inputTokensOf(request.bodyBytes) - cachedTokens),
        cacheCreation5mTokens: created['5m'],
        cacheCreation1hTokens: created['1h'],
        cacheReadTokens: readTokens,
        outputTokens: 0,
      },
      remember: () => {
        this.#remember(cached.filter(({ lifetime }) => lifetime !== undefined));
      },
    };
  }

  #remember(prefixes: readonly Prefix[]): void {
    for (const { digest } of prefixes) {
      this.#prefixes.add(digest);
    }
    for (const oldest of this.#prefixes) {
      if (this.#prefixes.size <= MAX_PREFIXES) {
        break;
      }
      this.#prefixes.delete(oldest);
    }
  }
}

function prefixesOf(key: string, request: MessageRequest): readonly Prefix[] {
  const hash = createHash('sha1').update(`${key}\n${request.model}\n`);
  let bytes = 0;
  return request.cacheableBlocks().map((block) => {
    hash.update(block.text);
    bytes += Buffer.byteLength(block.text);
    return {
      digest: hash.copy().digest('base64'),
      tokens: Math.floor(bytes / BYTES_PER_TOKEN),
      lifetime: block.cached,
    };
  });
}
