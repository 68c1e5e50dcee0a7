import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EngineAddress } from '../../../src/launcher/engineAddress.ts';
import { secretFileName } from '../../../src/shared/launcherSecret.ts';
import { launcherVariables } from '../../../src/shared/launcherVariables.ts';

/** The launcher, as Node.js runs it. */
export const launcherScript = path.resolve(import.meta.dirname, '..', '..', '..', 'src', 'launcher', 'main.ts');

/** Whoever runs the tests may want colours and sums of them; a launcher in them is asked for neither unless a test does. */
const plain = { FORCE_COLOR: undefined, NO_COLOR: undefined, AGENT_QUOTA_TEST_TOTALS: undefined };

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

/** What {@link keepSecret} writes, for the engines of tests. */
export const testSecret = 'the-secret-of-the-tests-12345678';

/** Writes the engines' secret where launchers read it. */
export async function keepSecret(home: string, secret = testSecret): Promise<void> {
  await writeFile(path.join(home, secretFileName), secret, { mode: 0o600 });
}

/** @param engine where it is looked for; undefined for a terminal without one. */
export function startLauncher(
  args: readonly string[],
  engine: EngineAddress | undefined,
  environment: Readonly<Record<string, string>> = {},
): StartedLauncher {
  const control =
    engine === undefined
      ? {}
      : { [launcherVariables.socket]: engine.socket ?? '', [launcherVariables.home]: engine.home };
  const child = spawn(process.execPath, [launcherScript, ...args], {
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
