import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { maskedText } from './maskedText.ts';

/** What a command gave, or why it gave nothing, to follow "The command". Holds nothing of its stdout then. */
export type CommandOutcome =
  { readonly kind: 'printed'; readonly text: string } | { readonly kind: 'failed'; readonly why: string };

/** What a command is run with. */
export interface CommandSurroundings {
  readonly platform: NodeJS.Platform;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where it runs: not in a workspace, whose files could stand in for the programs that it names. */
  readonly directory: string;
  readonly timeoutMs: number;
}

const mostBytes = 64 * 1024;
/** How long what a command has left running may hold its output open after it has ended, in milliseconds. */
const drainMs = 500;

/**
 * Runs a command line in the user's shell and takes what it prints, which is a secret.
 * @param secrets what an error must not repeat, beside everything that is like a key and what it prints.
 * @param signal ends the command and all that it has started; the outcome is of no use then.
 * @returns never rejects.
 */
export function runSecretCommand(
  line: string,
  { platform, environment, directory, timeoutMs }: CommandSurroundings,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<CommandOutcome> {
  const isWindows = platform === 'win32';
  const [shell, args] = isWindows
    ? [environment['ComSpec'] ?? 'cmd.exe', ['/d', '/s', '/c', `"${line}"`]]
    : ['/bin/sh', ['-c', line]];
  const options: SpawnOptions = {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, to be ended whole.
    detached: !isWindows,
    windowsHide: true,
    windowsVerbatimArguments: isWindows,
  };
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(shell, args, options);
    } catch (error) {
      resolve({ kind: 'failed', why: whyNotStarted(error) });
      return;
    }
    child.on('error', (error) => {
      finish(failed(whyNotStarted(error)));
    });
    const stdout = collected(child.stdout);
    const stderr = collected(child.stderr);
    let isOver = false;
    const finish = (outcome: () => CommandOutcome): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(outcome());
    };
    const failed = (why: string) => (): CommandOutcome => ({ kind: 'failed', why });
    const stop = (): void => {
      endTree(child, isWindows);
      finish(failed('was stopped'));
    };
    const late = setTimeout(() => {
      endTree(child, isWindows);
      finish(failed(`did not end within ${Math.round(timeoutMs / 1000)} seconds and was stopped`));
    }, timeoutMs);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const ended = (code: number | null, killedBy: NodeJS.Signals | null) => (): CommandOutcome => {
      const printed = stdout();
      if (code === 0) return { kind: 'printed', text: printed.trim() };
      const how = code === null ? `was ended by ${killedBy ?? 'a signal'}` : `ended with exit code ${code}`;
      const said = lastLine(stderr());
      const known = [...secrets, ...printed.split(/\s+/)];
      return { kind: 'failed', why: said === '' ? how : `${how}: ${maskedText(said, known)}` };
    };
    child.on('close', (code, killedBy) => {
      finish(ended(code, killedBy));
    });
    child.on('exit', (code, killedBy) => {
      setTimeout(finish, drainMs, ended(code, killedBy)).unref();
    });
  });
}

/**
 * Nothing of the error's message, which may repeat the command. What to do is said where running the command by hand
 * would not show it.
 */
function whyNotStarted(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason given';
  const advice = adviceFor.get(code);
  return `could not be started (${code})${advice === undefined ? '' : `: ${advice}`}`;
}

const tooManyFiles = 'too many files are open. Close programs or windows, or raise the limit of open files';
const adviceFor: ReadonlyMap<string, string> = new Map([
  ['EMFILE', tooManyFiles],
  ['ENFILE', tooManyFiles],
  ['EAGAIN', 'too many processes run. End some'],
  ['ENOMEM', 'the memory does not suffice. End programs'],
  ['E2BIG', 'it is too long with the environment that VS Code starts from. Shorten either'],
  ['ENOTDIR', 'your home directory is no directory. Set HOME right and start VS Code again'],
]);

/**
 * What has come of a stream so far, of its begin where it is long; nothing where there is none. A process that could not
 * be started for want of file handles has no streams, and no types that say so.
 */
function collected(stream: NodeJS.ReadableStream | null | undefined): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (bytes < mostBytes) chunks.push(chunk.subarray(0, mostBytes - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function lastLine(text: string): string {
  return (
    text
      .trimEnd()
      .split(/[\r\n]+/)
      .at(-1)
      ?.trim() ?? ''
  );
}

/** Ends a command with everything that it has started. */
function endTree({ pid }: ChildProcess, isWindows: boolean): void {
  if (pid === undefined) return;
  try {
    if (!isWindows) process.kill(-pid, 'SIGKILL');
    else {
      const options: SpawnOptions = { stdio: 'ignore', windowsHide: true };
      spawn('taskkill', ['/T', '/F', '/PID', String(pid)], options).on('error', () => undefined);
    }
  } catch {
    // It has ended already, or nothing can be started now.
  }
}
