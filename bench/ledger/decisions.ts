import { amountsOf, requestCost, type RateLimits } from '../../src/core/rateLimits.ts';
import { decideLine, type LineFacts, type ScopeFacts, type WaitingRequest } from '../../src/core/requestLine.ts';
import type { Buckets, TokenBucket } from '../../src/core/tokenBucket.ts';

const now = Date.UTC(2026, 0, 15);
const limits = { requestsPerMinute: 1000, inputTokensPerMinute: 450_000, outputTokensPerMinute: 90_000 };
const full: TokenBucket = { used: 0, at: now, held: 0 };
/** How many requests wait, and how many of them may go now. */
const waiting = 12;
const going = 4;

/** Requests admitted by the pure decision in a second: lines of 12 of which 4 may go now. */
export function decisionsPerSecond(durationMs: number): number {
  const lines = Array.from({ length: 64 }, (_, seed) => lineOf(seed));
  let admitted = 0;
  let index = 0;
  const start = performance.now();
  let elapsed = 0;
  while (elapsed < durationMs) {
    for (let round = 0; round < 200; round += 1) {
      const line = lines[index];
      index = (index + 1) % lines.length;
      if (line !== undefined) admitted += decideLine(line, now).admitted.length;
    }
    elapsed = performance.now() - start;
  }
  return (admitted / elapsed) * 1000;
}

function lineOf(seed: number): LineFacts {
  const requests = Array.from({ length: waiting }, (_, place): WaitingRequest => {
    const shuffled = (place * 7 + seed) % waiting;
    return {
      id: `request-${seed}-${place}`,
      sessionId: `session-${place % 5}`,
      cost: requestCost(1, 2000 + 100 * shuffled, 800),
      scopes: ['plan', 'plan/model/sonnet-5'],
      tag: 1e6 + 2500 * shuffled,
      needsSlot: false,
    };
  });
  const first = [...requests].sort((a, b) => a.tag - b.tag).slice(0, going);
  const input = first.reduce((sum, { cost }) => sum + cost.inputTokensPerMinute, 0);
  const group = scope(limits, {
    requestsPerMinute: { used: 400, at: now, held: 20 },
    tokensPerMinute: full,
    inputTokensPerMinute: { used: limits.inputTokensPerMinute - input - 100_000, at: now, held: 100_000 },
    outputTokensPerMinute: { used: 50_000, at: now, held: 10_000 },
  });
  const plan = scope(
    { requestsPerMinute: 2000, tokensPerMinute: 1_000_000 },
    amountsOf(() => full),
  );
  return {
    scopes: new Map([
      ['plan', plan],
      ['plan/model/sonnet-5', group],
    ]),
    freeSlots: 3,
    waiting: requests,
  };
}

function scope(of: RateLimits, buckets: Buckets): ScopeFacts {
  return { limits: of, buckets, day: undefined, pausedUntil: 0, closedUntil: undefined };
}
