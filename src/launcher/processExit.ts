import { constants } from 'node:os';
import type { AgentEnd } from './agentProcess.ts';

/** Those that end a process which does nothing about them; Node itself does something about the others. */
const deadly = new Set<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGABRT', 'SIGALRM']);

/**
 * Ends the launcher as its agent ended, so that whoever started it sees no difference.
 * @param signalAs `code` where a signal would not be understood: what VS Code runs as a task and a signal has ended has, for
 *   VS Code, ended with 0 (seen in 1.139), and what depends on it would be started.
 */
export function exitLike(end: AgentEnd, platform: NodeJS.Platform, signalAs: 'signal' | 'code' = 'signal'): void {
  if (end.kind !== 'signalled') {
    process.exit(end.code);
  }
  const { signal } = end;
  const code = signalExitCode(signal);
  if (signalAs === 'code' || platform === 'win32' || !deadly.has(signal)) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // The first process of a container outlives such a signal.
  setTimeout(() => process.exit(code), 200);
}

/** What a shell reports for a program that a signal ended. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
