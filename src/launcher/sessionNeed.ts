import { overlayVariables } from '../shared/overlayVariables.ts';
import { type CommandLine } from './commandLine.ts';

/**
 * Commands of Claude Code that manage what is on this machine and ask no model. Source: `claude --help`.
 */
const managing = new Set(
  'auth auto-mode config doctor gateway import install logs mcp plugin plugins purge rm setup-token stop kill update upgrade'.split(
    ' ',
  ),
);
const informing = new Set(['-h', '--help', '-v', '--version']);

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
  return !managing.has(first) && !informing.has(first);
}
