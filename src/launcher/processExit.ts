import { constants } from 'node:os';
import { type AgentEnd } from './agentProcess.ts';

/** Those that end a process which does nothing about them; Node itself does something about the others. */
const deadly = new Set<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGABRT', 'SIGALRM']);

/** Ends the launcher as its agent ended, so that whoever started it sees no difference. */
export function exitLike(end: AgentEnd, platform: NodeJS.Platform): void {
  if (end.kind !== 'signalled') {
    process.exit(end.code);
  }
  const { signal } = end;
  const code = signalExitCode(signal);
  if (platform === 'win32' || !deadly.has(signal)) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // The first process of a container outlives such a signal.
  setTimeout(() => process.exit(code), 200);
}

/** What a shell reports for a program that a signal ended. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
