import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { ignoredSignals } from './ignoredSignals.ts';

/** From the terminal, these reach all processes of the foreground group: the agent has them already. */
const keyboardSignals = ['SIGINT', 'SIGQUIT', 'SIGBREAK'] as const;
/** These are meant for one process, and the launcher stands for its agent. */
const addressedSignals = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

type Stop = () => void;

/**
 * Calls back for the signals that ask a process to end, and are not ignored.
 * @returns a function that leaves the signals to others again.
 */
export function onEndSignal(listener: (signal: NodeJS.Signals) => void): Stop {
  return listen([...keyboardSignals, 'SIGTERM', 'SIGHUP'], listener);
}

/**
 * Lets the launcher live until its agent has ended, hands on the signals that the agent does not get by itself and that are
 * not ignored, and stops and goes on with it (Ctrl+Z, `fg`).
 */
export function relaySignals(child: () => ChildProcess | undefined, platform: NodeJS.Platform): Stop {
  const hand = (signal: NodeJS.Signals): void => {
    child()?.kill(signal);
  };
  // Windows sends its console events to all processes of the console, and `kill` would end the agent there and then.
  const alone = platform === 'win32';
  const stops = [
    listen(keyboardSignals, (signal) => {
      if (!alone && !hasTerminal()) hand(signal);
    }),
    listen(addressedSignals, (signal) => {
      if (!alone) hand(signal);
    }),
  ];
  if (platform === 'linux')
    stops.push(
      listen(['SIGCHLD'], () => {
        stopWith(child()?.pid);
      }),
    );
  return () => {
    for (const stop of stops) stop();
  };
}

function listen(signals: readonly NodeJS.Signals[], listener: (signal: NodeJS.Signals) => void): Stop {
  const ignored: readonly NodeJS.Signals[] = ignoredSignals(process.env);
  const heard = signals.filter((signal) => !ignored.includes(signal));
  for (const signal of heard) process.on(signal, listener);
  return () => {
    for (const signal of heard) process.off(signal, listener);
  };
}

/** Whether there is a terminal whose Ctrl+C reaches the agent; where there is none, somebody sent the signal to us. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false;
  }
}

/**
 * An agent that reads keys one by one suspends itself alone on Ctrl+Z, and the shell would never know: so its parent
 * stops too, as sudo does. SIGTSTP and not SIGSTOP: the kernel drops it where no shell is there to go on with `fg`.
 */
function stopWith(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    if (stat.charAt(stat.lastIndexOf(')') + 2) === 'T') process.kill(process.pid, 'SIGTSTP');
  } catch {
    // It has ended, which the exit event tells.
  }
}
