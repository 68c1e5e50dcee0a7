import { launcherVariables } from '../shared/launcherVariables.ts';

const known = { HUP: 'SIGHUP', INT: 'SIGINT', QUIT: 'SIGQUIT', TERM: 'SIGTERM' } as const;

/** A signal that whoever started the launcher may have had ignored. */
export type IgnoredSignal = (typeof known)[keyof typeof known];

/**
 * The signals that were ignored when the command was started, as by `nohup`, or by a script that has put it in the
 * background. Node.js forgets that when it starts, so the command on PATH says it.
 */
export function ignoredSignals(environment: Readonly<Record<string, string | undefined>>): readonly IgnoredSignal[] {
  const names = (environment[launcherVariables.ignored] ?? '').split(' ');
  return Object.entries(known).flatMap(([name, signal]) => (names.includes(name) ? [signal] : []));
}

/** Has this process outlive them. */
export function ignoreSignals(signals: readonly IgnoredSignal[]): void {
  for (const signal of signals) process.on(signal, () => undefined);
}

/**
 * What starts a program that has them ignored too, which only a shell can do: it becomes the program. The program's name
 * for itself is its path then, since such a shell cannot give it another.
 */
export function ignoringCommand(
  signals: readonly IgnoredSignal[],
  file: string,
  args: readonly string[],
): { readonly file: string; readonly args: readonly string[] } {
  const names = signals.map((signal) => signal.slice('SIG'.length)).join(' ');
  return { file: '/bin/sh', args: ['-c', `trap '' ${names}; exec "$0" "$@"`, file, ...args] };
}
