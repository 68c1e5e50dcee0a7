/** What an agent is doing, as one word on every surface. */
export const activities = [
  'working',
  'waiting',
  'ready',
  'idle',
  'paused',
  'failing',
  'unauthenticated',
  'ended',
] as const;
export type Activity = (typeof activities)[number];

/** What of a session says what its agent is doing. */
export interface ActiveParts {
  readonly state: 'active' | 'idle' | 'ended';
  readonly mode: 'routed' | 'observed' | 'unauthenticated';
  readonly runningRequests: number;
  readonly waitingRequests: number;
  /** Since when its requests wait because the user said so; absent when they do not. */
  readonly pausedAt?: number | undefined;
}

/** @param fails whether something is wrong that keeps the session's requests from being answered. */
export function sessionActivity(parts: ActiveParts, fails = false): Activity {
  const { state, mode, runningRequests, waitingRequests, pausedAt } = parts;
  if (state === 'ended') return 'ended';
  if (mode === 'unauthenticated') return 'unauthenticated';
  if (pausedAt !== undefined) return 'paused';
  if (fails) return 'failing';
  if (runningRequests > 0) return 'working';
  if (waitingRequests > 0) return 'waiting';
  return state === 'idle' ? 'idle' : 'ready';
}
