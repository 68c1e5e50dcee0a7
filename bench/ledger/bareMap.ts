import { liveSessions, sessionIds } from './filledLedger.ts';

interface Hold {
  readonly sessionId: string;
  readonly requests: number;
  readonly tokens: number;
}

/**
 * The same in maps of one process, and nothing more: a token bucket for requests and one for tokens, sessions and
 * reservations. What a ledger costs is measured by it.
 */
export class BareMap {
  readonly #sessions = new Map(sessionIds().map((id) => [id, { tokens: 0, requests: 0 }]));
  readonly #holds = new Map<string, Hold>();
  readonly #limits = { requests: 1_000_000, tokens: 10_000_000_000 };
  #used = { requests: 0, tokens: 0, at: 0 };
  #count = 0;

  reserveAndSettle(index: number, now: number): void {
    const sessionId = `live-session-${(index * 7) % liveSessions}`;
    const id = this.#reserve(sessionId, 15_500, now);
    if (id !== undefined) this.#settle(id, 3700, now);
  }

  open(index: number): void {
    this.#sessions.set(`new-session-${index}`, { tokens: 0, requests: 0 });
  }

  end(index: number): void {
    this.#sessions.delete(`new-session-${index}`);
  }

  #reserve(sessionId: string, tokens: number, now: number): string | undefined {
    this.#refill(now);
    const used = this.#used;
    if (used.requests + 1 > this.#limits.requests || used.tokens + tokens > this.#limits.tokens) return undefined;
    const id = `reservation-${(this.#count += 1)}`;
    this.#holds.set(id, { sessionId, requests: 1, tokens });
    used.requests += 1;
    used.tokens += tokens;
    return id;
  }

  #settle(id: string, tokens: number, now: number): void {
    const hold = this.#holds.get(id);
    const session = hold === undefined ? undefined : this.#sessions.get(hold.sessionId);
    if (hold === undefined || session === undefined) return;
    this.#refill(now);
    this.#holds.delete(id);
    this.#used.tokens += tokens - hold.tokens;
    session.tokens += tokens;
    session.requests += 1;
  }

  #refill(now: number): void {
    const share = Math.max(0, now - this.#used.at) / 60_000;
    const left = (used: number, limit: number): number => Math.max(0, used - share * limit);
    this.#used = {
      requests: left(this.#used.requests, this.#limits.requests),
      tokens: left(this.#used.tokens, this.#limits.tokens),
      at: now,
    };
  }
}

/** Microseconds of one reserve and settle, and of one opening and ending. */
export function bareMapMicroseconds(durationMs: number): { readonly pair: number; readonly setup: number } {
  const map = new BareMap();
  const pair = microsecondsEach((index) => {
    map.reserveAndSettle(index, Date.now());
  }, durationMs);
  const setup = microsecondsEach((index) => {
    map.open(index);
    map.end(index);
  }, durationMs);
  return { pair, setup };
}

function microsecondsEach(call: (index: number) => void, durationMs: number): number {
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < durationMs) {
    for (let round = 0; round < 1000; round += 1) call((calls += 1));
  }
  return ((performance.now() - start) * 1000) / calls;
}
