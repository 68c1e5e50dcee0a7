import type { Problem } from '../core/credentials.ts';
import type { EngineSnapshot } from '../core/quotaEngine.ts';

/** What the window knows of its engine. `last` is what was on screen before the engine went away. */
export type EngineState =
  | { readonly kind: 'starting'; readonly last: EngineSnapshot | undefined }
  | { readonly kind: 'running'; readonly snapshot: EngineSnapshot }
  | { readonly kind: 'stopped'; readonly problem: Problem; readonly last: EngineSnapshot | undefined };

/** The newest numbers there are, live or not. */
export function newestSnapshot(state: EngineState): EngineSnapshot | undefined {
  return state.kind === 'running' ? state.snapshot : state.last;
}
