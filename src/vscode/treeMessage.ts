import { formatAge } from '../shared/amounts.ts';
import { type EngineState, newestSnapshot } from './engineState.ts';
import { sharedText } from './sharedText.ts';

/** What a filter of the tree leaves. */
export interface FilteredSessions {
  /** The words; empty for no filter. */
  readonly filter: string;
  readonly shown: number;
  readonly sessions: number;
}

/** What stands above the tree; empty when its numbers are those of now, and all of them. */
export function treeMessage(state: EngineState, { filter, shown, sessions }: FilteredSessions, now: number): string {
  const snapshot = newestSnapshot(state);
  const age = snapshot === undefined ? '' : ` These numbers are from ${formatAge(now - snapshot.at)} ago.`;
  const engine = engineMessage(state);
  const away = state.kind === 'running' ? sharedText(state.snapshot.shared, now) : undefined;
  return [
    ...(engine === '' ? [] : [`${engine}${age}`]),
    ...(away === undefined ? [] : [away.message]),
    ...(filter === '' ? [] : [`Filter “${filter}”: ${shown} of ${sessions} sessions`]),
  ].join(' ');
}

function engineMessage(state: EngineState): string {
  switch (state.kind) {
    case 'starting':
      return 'The quota engine is starting.';
    case 'running':
      return '';
    case 'stopped':
      return `${state.problem.message} ${state.problem.nextStep}`;
  }
}
