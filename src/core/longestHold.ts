/**
 * The longest that a request waits in line when nothing else is said, in milliseconds. Node's `fetch`, and with it the
 * SDK, gives a request up that has no headers after 300 s, and Claude Code 2.1.330 after 360 s, whatever they announce:
 * two minutes are left for the upstream's answer to begin.
 */
export const defaultLongestWaitMs = 3 * 60_000;

/** How much of a client's patience the line may take: what is left is for the upstream's answer. */
const shareOfPatience = 0.5;

/** Claude Code 2.1.330 ends a request at once that is told to come back later than this, in seconds. */
const mostRetryAfterSeconds = 60;

/**
 * How long a request is held in line at most, in milliseconds: a client that gives up by itself asks anew for what may
 * be on its way by then.
 * @param longestWaitMs the setting.
 * @param patienceMs how long the client waits for its answer to begin; undefined when it does not say so.
 */
export function longestHoldMs(longestWaitMs: number, patienceMs: number | undefined): number {
  return patienceMs === undefined ? longestWaitMs : Math.min(longestWaitMs, patienceMs * shareOfPatience);
}

/**
 * When a request that was held in vain may come back, in seconds: as soon as the line can move, since what is not in
 * line is not served, and never so late that the client would not come back by itself.
 * @param nextAt when the line moves if nothing else happens; undefined when only an event can help.
 */
export function retryAfterHoldSeconds(nextAt: number | undefined, now: number): number {
  const seconds = nextAt === undefined ? 1 : Math.ceil((nextAt - now) / 1000);
  return Math.max(1, Math.min(mostRetryAfterSeconds, seconds));
}
