/**
 * The share of the set limits that is used, learned where the upstream says nothing of its limits: every 429 takes it
 * down by a factor, time brings it back. (Additive increase, multiplicative decrease; Chiu and Jain, 1989.)
 */
export interface AdaptiveShare {
  /** 0.05 to 1, as of `at`. */
  readonly share: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export const wholeShare: AdaptiveShare = Object.freeze({ share: 1, at: 0 });

const decrease = 0.7;
/** A minute without a 429 gives back a twentieth of the set limit. */
const increasePerMs = 0.05 / 60_000;
const smallest = 0.05;
/** Requests that were under way when the limit was hit fail together: they count as one. */
const oneEventMs = 2000;

/** The share now. */
export function shareAt({ share, at }: AdaptiveShare, now: number): number {
  return Math.min(1, share + Math.max(0, now - at) * increasePerMs);
}

/** The share after a 429 that said nothing of limits. */
export function afterRefusal(known: AdaptiveShare, now: number): AdaptiveShare {
  if (known.share < 1 && Math.abs(now - known.at) < oneEventMs) return known;
  return { share: Math.max(smallest, shareAt(known, now) * decrease), at: now };
}
