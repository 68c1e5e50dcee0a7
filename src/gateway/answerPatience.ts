import { headerValue } from '../loopback/headerValue.ts';

/** Left to the client, so that it gets an answer that says what is wrong and not just the end of its patience. */
const aheadMs = 10_000;
const leastMs = 20_000;

/**
 * How long the begin of an answer is waited for, by what the client says of its own patience.
 * @param waitedMs how long the request has been here already.
 * @returns milliseconds; undefined when the client says nothing. Source: the official SDKs and Claude Code, which send
 * `x-stainless-timeout` in seconds and wait for an answer's headers for so long.
 */
export function answerPatience(rawHeaders: readonly string[], waitedMs: number): number | undefined {
  const seconds = Number(headerValue(rawHeaders, 'x-stainless-timeout') ?? Number.NaN);
  if (!Number.isFinite(seconds) || seconds <= 0) return undefined;
  return Math.max(Math.min(leastMs, seconds * 1000), seconds * 1000 - waitedMs - aheadMs);
}
