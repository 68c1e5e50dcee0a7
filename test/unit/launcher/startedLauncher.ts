import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { launcherVariables } from '../../../src/shared/launcherMessages.ts';

const script = path.resolve(import.meta.dirname, '..', '..', '..', 'src', 'launcher', 'main.ts');

/** Whoever runs the tests may want colours of them; a launcher in them is asked for none unless a test does. */
const plain = { FORCE_COLOR: undefined, NO_COLOR: undefined };

/** How a launcher ended. */
export interface LauncherEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A launcher in a process of its own, as a terminal starts it. */
export interface StartedLauncher {
  readonly child: ChildProcess;
  readonly end: Promise<LauncherEnd>;
  /** Resolves with the whole output once it matches; rejects when the launcher ends before. */
  printed(pattern: RegExp): Promise<string>;
}

/** @param address of the engine; undefined for a terminal without one. */
export function startLauncher(
  args: readonly string[],
  address: string | undefined,
  environment: Readonly<Record<string, string>> = {},
): StartedLauncher {
  const control =
    address === undefined ? {} : { [launcherVariables.socket]: address, [launcherVariables.secret]: 'the secret' };
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A session of its own: what a signal to the launcher does must not depend on the terminal that runs the tests.
    detached: true,
    env: { ...process.env, ...plain, CLAUDE_SESSION_ID: '', ...control, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const end = new Promise<LauncherEnd>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    child,
    end,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(stdout + stderr)) resolve(stdout + stderr);
        };
        look();
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        child.on('close', () => {
          reject(new Error(`The launcher ended and had printed: ${stdout}${stderr}`));
        });
      }),
  };
}

/** The arguments that run a script as the agent. */
export function agentScript(source: string, ...options: string[]): string[] {
  return ['run', ...options, '--', process.execPath, '-e', source];
}
