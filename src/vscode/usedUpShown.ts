import type { Problem } from '../core/credentials.ts';
import type { EngineState } from './engineState.ts';

/** Problems of a request that was refused because something is used up, and the limits that say the same. */
const limitsOf: Readonly<Record<string, readonly string[]>> = {
  'day-used-up': ['tokensPerDay'],
  'window-used-up': ['fiveHour', 'sevenDay'],
};

/** Whether the status bar alarms of what a problem says, so that a notification would say it twice. */
export function isShownAsUsedUp(state: EngineState, { code }: Problem): boolean {
  if (state.kind !== 'running') return false;
  const dimensions = limitsOf[code] ?? [];
  return state.snapshot.status.limits.some(
    ({ dimension, percentage }) => dimensions.includes(dimension) && percentage >= 100,
  );
}
