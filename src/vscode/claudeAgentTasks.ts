import * as vscode from 'vscode';
import { taskTypes } from '../contributions.ts';
import type { Problem } from '../core/credentials.ts';
import type { LauncherEndpoint } from '../core/quotaEngine.ts';
import { launcherArguments, readAgentTaskDefinition } from './agentTaskDefinition.ts';
import { failingExecution } from './failingExecution.ts';
import { launcherEnvironment, type LauncherPlace } from './launcherPlace.ts';
import type { Notices } from './notices.ts';

interface Prepared {
  readonly detail: string;
  readonly execution: vscode.ProcessExecution | vscode.CustomExecution;
}

/** EX_USAGE and EX_TEMPFAIL of sysexits(3), as the launcher has them. */
const misuseExitCode = 64;
const tryLaterExitCode = 75;

/** Runs tasks of type `claude-agent`: the launcher takes a session, runs the command under it and gives it back. */
export class ClaudeAgentTasks implements vscode.TaskProvider, vscode.Disposable {
  readonly #launcher: LauncherPlace;
  readonly #endpoint: () => Promise<LauncherEndpoint>;
  readonly #notices: Notices;
  readonly #registration: vscode.Disposable;

  /** @param endpoint asked each time a task starts, because the engine may have started again. */
  constructor(launcher: LauncherPlace, endpoint: () => Promise<LauncherEndpoint>, notices: Notices) {
    this.#launcher = launcher;
    this.#endpoint = endpoint;
    this.#notices = notices;
    this.#registration = vscode.tasks.registerTaskProvider(taskTypes.claudeAgent, this);
  }

  /** One task to run as it is, or to copy into tasks.json. */
  async provideTasks(): Promise<vscode.Task[]> {
    if (!vscode.workspace.isTrusted) return [];
    const definition = { type: taskTypes.claudeAgent, agent: 'agent-1', command: 'claude' };
    return [await this.#task(definition, vscode.TaskScope.Workspace, 'run claude as agent-1')];
  }

  async resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> {
    // A workspace that is not trusted must not name a program that runs.
    if (!vscode.workspace.isTrusted) return undefined;
    return this.#task(task.definition, task.scope ?? vscode.TaskScope.Workspace, task.name, task.isBackground);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  /** @param raw becomes the task's definition itself: VS Code knows a task by it. */
  async #task(
    raw: vscode.TaskDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope,
    name: string,
    isBackground = false,
  ): Promise<vscode.Task> {
    const { detail, execution } = await this.#prepared(raw, name, isBackground);
    const task = new vscode.Task(raw, scope, name, taskTypes.claudeAgent, execution, []);
    task.detail = detail;
    task.presentationOptions = { panel: vscode.TaskPanelKind.Dedicated };
    return task;
  }

  /** VS Code asks whenever it lists tasks: what is wrong with one is said when that one is started. */
  async #prepared(raw: vscode.TaskDefinition, name: string, isBackground: boolean): Promise<Prepared> {
    const read = readAgentTaskDefinition(raw, name);
    if ('problem' in read) {
      return { detail: read.problem.message, execution: failingExecution(read.problem, misuseExitCode) };
    }
    const { agent, command } = read.definition;
    const detail = `${command} as ${agent}, under quota`;
    try {
      return {
        detail,
        execution: this.#execution(
          launcherArguments(read.definition, isBackground),
          read.definition.cwd,
          await this.#endpoint(),
        ),
      };
    } catch (cause) {
      this.#notices.logged(`prepare the task "${name}"`, cause);
      return { detail, execution: failingExecution(engineGone(name), tryLaterExitCode) };
    }
  }

  #execution(args: readonly string[], cwd: string | undefined, endpoint: LauncherEndpoint): vscode.ProcessExecution {
    const options: vscode.ProcessExecutionOptions = {
      env: { ELECTRON_RUN_AS_NODE: '1', ...launcherEnvironment(endpoint) },
    };
    if (cwd !== undefined) options.cwd = cwd;
    return new vscode.ProcessExecution(this.#launcher.node, [this.#launcher.script, ...args], options);
  }
}

function engineGone(name: string): Problem {
  return {
    code: 'engine-stopped',
    severity: 'error',
    message: `The task "${name}" cannot run: the engine of Agent Quota does not run.`,
    nextStep: 'Run "Agent Quota: Show Log", reload the window, and start the task again.',
  };
}
