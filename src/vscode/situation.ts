import type { EngineSnapshot } from '../core/quotaEngine.ts';
import type { EngineState } from './engineState.ts';

/** How things are with a window that has no session, so that the empty view can say the next step. */
export const situations = ['starting', 'stopped', 'noCredentials', 'failing', 'ready'] as const;
export type Situation = (typeof situations)[number];

/** Problems that leave every agent of this window without quota. */
const withoutCredentials: ReadonlySet<string> = new Set(['no-credentials', 'bad-base-url', 'key-command-failed']);

export function hasNoCredentials({ health }: EngineSnapshot): boolean {
  return health.problems.some(({ code }) => withoutCredentials.has(code));
}

export function situationOf(state: EngineState): Situation {
  if (state.kind !== 'running') return state.kind;
  if (hasNoCredentials(state.snapshot)) return 'noCredentials';
  return state.snapshot.health.healthy ? 'ready' : 'failing';
}
