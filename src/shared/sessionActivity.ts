/** What an agent is doing, as one word on every surface. */
export type Activity = 'working' | 'waiting' | 'ready' | 'idle' | 'unauthenticated' | 'ended';

/** What of a session says what its agent is doing. */
export interface ActiveParts {
  readonly state: 'active' | 'idle' | 'ended';
  readonly mode: 'routed' | 'observed' | 'unauthenticated';
  readonly runningRequests: number;
  readonly waitingRequests: number;
}

export function sessionActivity({ state, mode, runningRequests, waitingRequests }: ActiveParts): Activity {
  if (state === 'ended') return 'ended';
  if (mode === 'unauthenticated') return 'unauthenticated';
  if (runningRequests > 0) return 'working';
  if (waitingRequests > 0) return 'waiting';
  return state === 'idle' ? 'idle' : 'ready';
}
