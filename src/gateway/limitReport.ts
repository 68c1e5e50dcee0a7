import { type LimitReport, type ReportedLimit } from '../core/admission.ts';
import { headerValue } from './headerValue.ts';

type Part = 'limit' | 'remaining' | 'reset';

const dimensions: ReadonlyMap<string, ReportedLimit['dimension']> = new Map([
  ['requests', 'requestsPerMinute'],
  ['tokens', 'tokensPerMinute'],
  ['input-tokens', 'inputTokensPerMinute'],
  ['output-tokens', 'outputTokensPerMinute'],
] as const);
const prefix = 'anthropic-ratelimit-';
const limitHeader = /^anthropic-ratelimit-(requests|tokens|input-tokens|output-tokens)-(limit|remaining|reset)$/;

/**
 * Reads what an answer says about the plan's limits. Source: API documentation, "Rate limits" › "Response headers".
 * @param rawHeaders alternating names and values.
 * @param now milliseconds since the epoch.
 * @returns undefined when it says nothing.
 */
export function readLimitReport(status: number, rawHeaders: readonly string[], now: number): LimitReport | undefined {
  const limits = readLimits(rawHeaders);
  const limited = status === 429;
  const retryAfterMs = limited || status === 529 ? readRetryAfter(rawHeaders, now) : undefined;
  if (limits.length === 0 && !limited && retryAfterMs === undefined) return undefined;
  return { limits, retryAfterMs, limited };
}

function readLimits(rawHeaders: readonly string[]): ReportedLimit[] {
  const found = new Map<string, Partial<Record<Part, string>>>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    const match = name.startsWith(prefix) ? limitHeader.exec(name) : null;
    if (match === null) continue;
    const [, dimension = '', part] = match;
    const parts = found.get(dimension) ?? {};
    parts[part as Part] ??= rawHeaders[index + 1] ?? '';
    found.set(dimension, parts);
  }
  const limits: ReportedLimit[] = [];
  for (const [name, parts] of found) {
    const dimension = dimensions.get(name);
    const limit = readCount(parts.limit);
    const remaining = readCount(parts.remaining);
    if (dimension === undefined || limit === undefined || remaining === undefined) continue;
    limits.push({ dimension, limit, remaining, resetsAt: readTime(parts.reset) });
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
