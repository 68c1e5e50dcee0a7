import path from 'node:path';
import { launcherVariables } from '../shared/launcherVariables.ts';
import type { DefaultShell } from './defaultShell.ts';
import type { LauncherPlace } from './launcherPlace.ts';

/** What of VS Code's `TerminalOptions` an agent terminal has. */
export interface AgentTerminalOptions {
  readonly name: string;
  readonly shellPath: string;
  readonly shellArgs: string[];
  readonly env: Record<string, string | null>;
}

/** What starts a session's shell. */
export interface TerminalLauncher extends LauncherPlace {
  /** Directory of what stands for a shell, by the shell's name; undefined where there is none. */
  readonly shells: string | undefined;
  /** Names of the shells in it. */
  readonly integrated: readonly string[];
}

export function agentTerminalName(agentId: string): string {
  return `Claude Agent: ${agentId}`;
}

/**
 * What an agent terminal is started with: the launcher, which waits for a slot in sight and then runs the user's shell.
 *
 * VS Code integrates a shell (current directory, marks beside commands, PATH behind start-up files) by the name of the
 * terminal's program and by arguments and variables of its own. So where VS Code knows the shell, the program is a script
 * of the shell's name that starts the launcher and hands those on, and nothing needs to know what they are. On Windows
 * only an .exe could stand for one: there the launcher is the program itself, and its shell is not integrated.
 * @param environment variables by which the launcher finds the engine.
 */
export function agentTerminalOptions(
  agentId: string,
  shell: DefaultShell,
  launcher: TerminalLauncher,
  environment: Readonly<Record<string, string>>,
): AgentTerminalOptions {
  const name = agentTerminalName(agentId);
  const program = path.posix.basename(shell.path);
  if (launcher.shells !== undefined && launcher.integrated.includes(program)) {
    return {
      name,
      shellPath: path.join(launcher.shells, program),
      shellArgs: [...shell.args],
      env: {
        ...shell.env,
        ...environment,
        [launcherVariables.agent]: agentId,
        [launcherVariables.shell]: shell.path,
      },
    };
  }
  return {
    name,
    shellPath: launcher.node,
    shellArgs: [launcher.script, 'run', '--terminal', `--agent=${agentId}`, '--', shell.path, ...shell.args],
    env: { ...shell.env, ...environment, ELECTRON_RUN_AS_NODE: '1' },
  };
}
