import type { LiveSession } from './session.ts';
import { totalTokens } from './usage.ts';

/** How far back a pace looks, in milliseconds. */
const lookBackMs = 3 * 60_000;
/** Between two samples, in milliseconds: what is looked back at is that much longer or shorter. */
const sampleEveryMs = 10_000;
/** The shortest time that a pace is taken from, or the first request of a session would be a great one. */
const leastMs = 60_000;

interface Sample {
  readonly at: number;
  readonly tokens: number;
}

/** How fast sessions use tokens, from what they have used in all at several moments. */
export class SessionPaces {
  readonly #samples = new Map<string, Sample[]>();

  /**
   * Takes in what sessions have used until now.
   * @returns each one's tokens a minute, cache reads included.
   */
  take(sessions: readonly LiveSession[], now: number): ReadonlyMap<string, number> {
    const paces = new Map<string, number>();
    for (const { sessionId, createdAt, usage } of sessions) {
      const tokens = totalTokens(usage);
      const samples = this.#samplesOf(sessionId, createdAt, tokens, now);
      const oldest = samples[0] ?? { at: now, tokens };
      paces.set(sessionId, (Math.max(0, tokens - oldest.tokens) * 60_000) / Math.max(leastMs, now - oldest.at));
    }
    for (const sessionId of this.#samples.keys()) if (!paces.has(sessionId)) this.#samples.delete(sessionId);
    return paces;
  }

  /** Those within what is looked back at, and the one before. */
  #samplesOf(sessionId: string, createdAt: number, tokens: number, now: number): readonly Sample[] {
    const known = this.#samples.get(sessionId);
    const newest = known?.at(-1);
    if (known === undefined || newest === undefined || newest.at > now) {
      // What a young session has used it has used of late; of an older one it is not known when.
      const isYoung = createdAt <= now && now - createdAt <= lookBackMs;
      const first = [isYoung ? { at: createdAt, tokens: 0 } : { at: now, tokens }];
      this.#samples.set(sessionId, first);
      return first;
    }
    if (now - newest.at >= sampleEveryMs) known.push({ at: now, tokens });
    while (known.length > 1 && (known[1]?.at ?? now) <= now - lookBackMs) known.shift();
    return known;
  }
}
