import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** Options of {@link startGuarded}. */
export interface GuardedProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process. */
  readonly env: NodeJS.ProcessEnv;
  /** Directories to remove once all processes have ended. */
  readonly removeAfterwards?: readonly string[];
  /** Receives each line of the process's output. */
  readonly onLine: (line: string) => void;
}

/** A process that cannot outlive this one. */
export interface GuardedProcess {
  /** The exit code, once the process and all that it started have ended. */
  readonly exited: Promise<number>;
  /** Ends the process and all that it started; resolves when none is left. */
  stop(): Promise<void>;
}

/** Starts a program under a guard (guard.ts) that ends its whole process tree when this process ends, however it does. */
export function startGuarded(options: GuardedProcessOptions): GuardedProcess {
  const orders = {
    command: options.command,
    args: options.args,
    removeAfterwards: options.removeAfterwards ?? [],
  };
  const guard = spawn(process.execPath, [path.join(import.meta.dirname, 'guard.ts'), JSON.stringify(orders)], {
    env: options.env,
    // A process group of its own: Ctrl+C in the terminal must not hit the guard before it has done its work.
    detached: true,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  for (const stream of [guard.stdout, guard.stderr]) createInterface({ input: stream }).on('line', options.onLine);
  guard.stdin.on('error', () => undefined);
  const exited = new Promise<number>((resolve, reject) => {
    guard.on('error', reject);
    guard.on('exit', (code) => {
      resolve(code ?? 1);
    });
  });
  return {
    exited,
    stop: async () => {
      guard.stdin.end();
      await exited;
    },
  };
}
