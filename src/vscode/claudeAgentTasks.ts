import * as vscode from 'vscode';
import { taskTypes } from '../contributions.ts';
import { type LauncherEndpoint } from '../core/quotaEngine.ts';
import { launcherVariables } from '../shared/launcherMessages.ts';
import { type AgentTaskDefinition, launcherArguments, readAgentTaskDefinition } from './agentTaskDefinition.ts';
import { type Notices } from './notices.ts';

/** Runs tasks of type `claude-agent`: the launcher takes a session, runs the command under it and gives it back. */
export class ClaudeAgentTasks implements vscode.TaskProvider, vscode.Disposable {
  readonly #launcherPath: string;
  readonly #socket: () => Promise<LauncherEndpoint>;
  readonly #notices: Notices;
  readonly #registration: vscode.Disposable;

  /**
   * @param launcherPath absolute path of the launcher's bundle.
   * @param socket asked each time a task starts, because the engine may have started again.
   */
  constructor(launcherPath: string, socket: () => Promise<LauncherEndpoint>, notices: Notices) {
    this.#launcherPath = launcherPath;
    this.#socket = socket;
    this.#notices = notices;
    this.#registration = vscode.tasks.registerTaskProvider(taskTypes.claudeAgent, this);
  }

  /** One task to run as it is, or to copy into tasks.json. */
  async provideTasks(): Promise<vscode.Task[]> {
    if (!vscode.workspace.isTrusted) return [];
    const definition = { type: taskTypes.claudeAgent, agent: 'agent-1', command: 'claude' };
    const task = await this.#task(definition, vscode.TaskScope.Workspace, 'run claude as agent-1');
    return task === undefined ? [] : [task];
  }

  async resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> {
    // A workspace that is not trusted must not name a program that runs.
    if (!vscode.workspace.isTrusted) return undefined;
    return this.#task(task.definition, task.scope ?? vscode.TaskScope.Workspace, task.name);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  /** @param raw becomes the task's definition itself: VS Code knows a task by it. */
  async #task(
    raw: vscode.TaskDefinition,
    scope: vscode.WorkspaceFolder | vscode.TaskScope,
    name: string,
  ): Promise<vscode.Task | undefined> {
    const read = readAgentTaskDefinition(raw, name);
    if ('problem' in read) {
      // VS Code resolves tasks whenever it lists them.
      this.#notices.problemOnce(read.problem);
      return undefined;
    }
    try {
      const execution = this.#execution(read.definition, await this.#socket());
      const task = new vscode.Task(raw, scope, name, taskTypes.claudeAgent, execution, []);
      task.detail = `${read.definition.command} as ${read.definition.agent}, under quota`;
      task.presentationOptions = { panel: vscode.TaskPanelKind.Dedicated };
      return task;
    } catch (cause) {
      this.#notices.failed(`prepare the task "${name}"`, cause);
      return undefined;
    }
  }

  /** The secret goes into the environment: VS Code prints a task's command line. */
  #execution(definition: AgentTaskDefinition, socket: LauncherEndpoint): vscode.ProcessExecution {
    const options: vscode.ProcessExecutionOptions = {
      env: {
        ELECTRON_RUN_AS_NODE: '1',
        [launcherVariables.socket]: socket.address,
        [launcherVariables.secret]: socket.secret,
      },
    };
    if (definition.cwd !== undefined) options.cwd = definition.cwd;
    const args = [this.#launcherPath, ...launcherArguments(definition)];
    return new vscode.ProcessExecution(process.execPath, args, options);
  }
}
