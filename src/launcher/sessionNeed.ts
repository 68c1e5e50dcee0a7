import { informingOptions, managingCommands } from '../shared/managingCommands.ts';
import { overlayVariables } from '../shared/overlayVariables.ts';
import type { CommandLine } from './commandLine.ts';

const needless = new Set([...managingCommands, ...informingOptions]);

/**
 * Whether what is to be run gets a session of its own. What the user types as `claude` gets none inside a session, where
 * it runs in that one, and none for what asks no model: nobody waits in line for a version number.
 */
export function needsSession(
  { startedBy, args }: CommandLine & { kind: 'run' },
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (startedBy !== 'shim') return true;
  if ((environment[overlayVariables.sessionId] ?? '') !== '') return false;
  const [first = ''] = args;
  return !needless.has(first);
}
