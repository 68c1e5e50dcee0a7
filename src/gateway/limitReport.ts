import type { LimitReport, ReportedLimit } from '../core/admission.ts';
import { headerValue } from '../loopback/headerValue.ts';
import { readPlanWindows } from './planWindows.ts';

type Part = 'limit' | 'remaining' | 'reset';

/** An answer of which the limits are read. */
export interface LimitingAnswer {
  readonly status: number;
  /** Alternating names and values. */
  readonly rawHeaders: readonly string[];
  /** Whether it answers a message: the limits of other endpoints are their own, also when one of them is hit. */
  readonly isMessage: boolean;
  /** The model that the message was asked of. */
  readonly model: string | undefined;
}

const prefix = 'anthropic-ratelimit-';
const dimensions = {
  requests: 'requestsPerMinute',
  tokens: 'tokensPerMinute',
  'input-tokens': 'inputTokensPerMinute',
  'output-tokens': 'outputTokensPerMinute',
} as const satisfies Readonly<Record<string, ReportedLimit['dimension']>>;
const parts: readonly Part[] = ['limit', 'remaining', 'reset'];

/** By the whole name of the header. */
const limitParts: ReadonlyMap<string, { readonly dimension: ReportedLimit['dimension']; readonly part: Part }> =
  new Map(
    Object.entries(dimensions).flatMap(([name, dimension]) =>
      parts.map((part) => [`${prefix}${name}-${part}`, { dimension, part }] as const),
    ),
  );

/**
 * Reads what an answer says about the plan's limits. Source: API documentation, "Rate limits" › "Response headers" and,
 * for those of `count_tokens`, "Token counting" › "Pricing and rate limits" (independent of those of messages).
 * @param now milliseconds since the epoch.
 * @returns undefined when it says nothing.
 */
export function readLimitReport(answer: LimitingAnswer, now: number): LimitReport | undefined {
  const { status, rawHeaders, isMessage, model } = answer;
  const limited = isMessage && status === 429;
  const headers = limitHeaders(rawHeaders);
  const limits = isMessage ? readLimits(headers) : [];
  const windows = readPlanWindows(headers, now);
  const retryAfterMs = limited || status === 529 ? readRetryAfter(rawHeaders, now) : undefined;
  if (limits.length === 0 && windows.length === 0 && !limited && retryAfterMs === undefined) return undefined;
  return { limits, retryAfterMs, limited, model: isMessage ? model : undefined, windows };
}

/** The headers that speak of limits, with their names in lower case. */
function limitHeaders(rawHeaders: readonly string[]): [name: string, value: string][] {
  const headers: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length <= prefix.length) continue;
    const lowerName = name.toLowerCase();
    if (lowerName.startsWith(prefix)) headers.push([lowerName, rawHeaders[index + 1] ?? '']);
  }
  return headers;
}

function readLimits(headers: readonly (readonly [string, string])[]): ReportedLimit[] {
  const found: Partial<Record<ReportedLimit['dimension'], Partial<Record<Part, string>>>> = {};
  for (const [name, value] of headers) {
    const known = limitParts.get(name);
    if (known !== undefined) (found[known.dimension] ??= {})[known.part] ??= value;
  }
  const limits: ReportedLimit[] = [];
  for (const dimension of Object.values(dimensions)) {
    const limit = readCount(found[dimension]?.limit);
    const remaining = readCount(found[dimension]?.remaining);
    // A limit of nothing is no limit that anybody could keep; some gateways send it for "unknown".
    if (limit === undefined || limit < 1 || remaining === undefined) continue;
    limits.push({ dimension, limit, remaining, resetsAt: readTime(found[dimension]?.reset) });
  }
  return limits;
}

function readCount(text: string | undefined): number | undefined {
  const value = text === undefined || !/^\s*\d+\s*$/.test(text) ? Number.NaN : Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

function readTime(text: string | undefined): number | undefined {
  const value = Date.parse(text ?? '');
  return Number.isNaN(value) ? undefined : value;
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3); a date is taken from the answer's own clock where it tells it. */
function readRetryAfter(rawHeaders: readonly string[], now: number): number | undefined {
  const text = headerValue(rawHeaders, 'retry-after')?.trim();
  if (text === undefined) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const until = readTime(text);
  if (until === undefined) return undefined;
  return Math.max(0, until - (readTime(headerValue(rawHeaders, 'date')) ?? now));
}
