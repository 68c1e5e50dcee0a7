import type { EngineSnapshot } from '../core/quotaEngine.ts';
import type { SharedState } from '../core/sharedState.ts';
import { totalTokens, type Usage } from '../core/usage.ts';
import { formatAge, formatCount, formatNumberOf } from '../shared/amounts.ts';

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

const check =
  'Run agent-quota ledger check in a terminal. It asks the address in the environment, not agentQuota.sharedLedger.addressCommand.';

/** @returns undefined while the shared ledger is there, or the quota is this machine's alone. */
export function sharedText(shared: SharedState | undefined, now: number): SharedText | undefined {
  if (shared === undefined || shared.kind === 'live') return undefined;
  const { kind, awaySince, message = '' } = shared;
  const since = awaySince === undefined ? '' : ` for ${formatAge(Math.max(0, now - awaySince))}`;
  return {
    message: `The shared ledger has not been usable${since}: ${consequences[kind]}. Numbers of other machines are old.`,
    nextStep: message === '' ? check : message,
  };
}

/** How much of the whole is this machine's own; undefined where the quota is not shared, or nobody else shares it yet. */
export function ownPartText({ sessions, shared }: Pick<EngineSnapshot, 'sessions' | 'shared'>): string | undefined {
  if (shared === undefined || shared.machines.length === 0) return undefined;
  const others = shared.machines.flatMap((machine) => machine.sessions);
  const [own, all] = [tokensOf(sessions), tokensOf([...sessions, ...others])];
  return [
    `This quota is shared with ${formatNumberOf(shared.machines.length, 'other machine')}, and its limits count all of them.`,
    `Live sessions: ${sessions.length + others.length}, of which this machine has ${sessions.length}.`,
    `Their tokens: ${formatCount(all)}, of which it has ${formatCount(own)}.`,
  ].join(' ');
}

function tokensOf(sessions: readonly { readonly usage: Usage }[]): number {
  return sessions.reduce((sum, { usage }) => sum + totalTokens(usage), 0);
}
