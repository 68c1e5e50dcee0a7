import { type SharedState } from '../core/sharedState.ts';
import { formatAge } from '../shared/amounts.ts';

/** What the user should know while the shared ledger is away. */
export interface SharedText {
  readonly message: string;
  readonly nextStep: string;
}

const consequences: Readonly<Record<Exclude<SharedState['kind'], 'live'>, string>> = {
  lease: 'agents go on with what this machine has been given of the shared quota',
  'safe-share': 'agents go on with this machine’s fair share of the shared quota alone',
  waiting: 'agents of this machine wait until it can be reached again',
};

/** @returns undefined while the shared ledger is there, or the quota is this machine's alone. */
export function sharedText(shared: SharedState | undefined, now: number): SharedText | undefined {
  if (shared === undefined || shared.kind === 'live') return undefined;
  const { kind, awaySince, message = '' } = shared;
  const since = awaySince === undefined ? '' : ` for ${formatAge(Math.max(0, now - awaySince))}`;
  return {
    message: `The shared ledger has not been usable${since}: ${consequences[kind]}. Numbers of other machines are old.`,
    nextStep: message === '' ? 'Run agent-quota ledger check in a terminal.' : message,
  };
}
