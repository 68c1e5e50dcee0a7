import { type ChildProcess, spawn as nodeSpawn, type SpawnOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { type IgnoredSignal, ignoringCommand } from './ignoredSignals.ts';
import { relaySignals } from './processSignals.ts';
import { findProgram } from './programSearch.ts';
import { findBehindShim } from './wrapperChain.ts';

/** How an agent's process ended. */
export type AgentEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  /** `code` is the shells': 127 not found, 126 cannot be run. */
  | { readonly kind: 'notStarted'; readonly code: 126 | 127; readonly problem: string };

/** What to run. */
export interface AgentCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly platform: NodeJS.Platform;
  /** Whether our `claude` has found it: then it may be another tool's wrapper, which finds ours. */
  readonly behindShim?: boolean;
  /** Signals that the agent is to ignore from its start; Windows has none. */
  readonly ignored?: readonly IgnoredSignal[];
}

/**
 * Runs the agent on the launcher's own terminal or pipes, and resolves when it has ended.
 * @param onRelaying called when signals are the agent's from now on. Whoever has listened to them before may stop then and
 *   not earlier: a signal that nobody listens to when it comes to its turn is lost.
 */
export async function runAgent(
  { command, args, environment, platform, behindShim = false, ignored = [] }: AgentCommand,
  onRelaying: () => void,
): Promise<AgentEnd> {
  const search = { environment, platform };
  const { found, variables } = behindShim
    ? findBehindShim(command, search)
    : { found: findProgram(command, search), variables: {} };
  if (found.kind === 'missing') return missing(command);
  if (found.kind === 'notExecutable') return notStarted(command, new Error(`${found.file} is no program`));
  const spawn = platform === 'win32' ? (await import('cross-spawn')).default : nodeSpawn;
  let child: ChildProcess | undefined;
  // Before there is a child: a signal that comes between would end the launcher and leave the agent behind.
  relaySignals(() => child, platform);
  onRelaying();
  return new Promise((resolve) => {
    const ignores = ignored.length > 0 && platform !== 'win32';
    const options: SpawnOptions = {
      stdio: 'inherit',
      env: { ...environment, ...variables },
      ...(platform !== 'win32' && !ignores && { argv0: command }),
    };
    try {
      // The shell would start, and say itself what is wrong.
      if (ignores) accessSync(found.file, constants.X_OK);
      const start = ignores ? ignoringCommand(ignored, found.file, args) : { file: found.file, args };
      child = spawn(start.file, [...start.args], options);
    } catch (error) {
      resolve(notStarted(command, error));
      return;
    }
    child.on('error', (error) => {
      if (child?.pid === undefined) resolve(notStarted(command, error));
    });
    child.on('exit', (code, signal) => {
      resolve(signal === null ? { kind: 'exited', code: code ?? 1 } : { kind: 'signalled', signal });
    });
  });
}

function missing(command: string): AgentEnd {
  const problem = `${command} was not found. Check its name, and that its directory is on PATH.`;
  return { kind: 'notStarted', code: 127, problem };
}

function notStarted(command: string, error: unknown): AgentEnd {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return missing(command);
  const why = error instanceof Error ? error.message : String(error);
  return { kind: 'notStarted', code: 126, problem: `${command} cannot be run: ${why}` };
}
