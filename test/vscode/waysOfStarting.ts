import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../src/contributions.ts';
import type { AgentAuth } from '../../src/core/quotaEngine.ts';
import { agentTerminalPrefix, openAgentTerminal, scratch, set, until } from './quotaWindow.ts';
import type { StartedCell } from './startedCell.ts';

/** How the agents of the matrix end. */
export const endings = [
  'exit 0',
  'exit 3',
  'Ctrl+C',
  'SIGTERM of the agent',
  'SIGKILL of the agent',
  'SIGKILL of the launcher',
  'SIGKILL of the shell',
  'terminal closed',
] as const;
export type Ending = (typeof endings)[number];

/** Where an agent runs. */
export interface Place {
  readonly terminal?: vscode.Terminal;
  /** Resolves with the exit code that whoever started the agent sees; undefined where nobody does. */
  readonly exitCode?: () => Promise<number | undefined>;
}

/** One way of starting agents. */
export interface Way {
  readonly name: string;
  /** What its agents are called. */
  readonly agent: RegExp;
  /** Whose process the session lives as long as. */
  readonly process: 'launcher' | 'agent' | 'terminal';
  /** What does not end the session, because its process stays. */
  readonly stays: readonly Ending[];
  /** What cannot be, with the reason. */
  readonly without: Partial<Record<Ending, string>>;
  /** Starts an agent. @param end what it is to be ended by. */
  start(cell: StartedCell, end: Ending): Promise<Place>;
}

/** Everything that the runner puts into the environment for these agents. */
const claudeDirectory = (): string => path.join(process.env['AGENT_QUOTA_TEST_MATRIX_AGENT'] ?? '');
const script = (): string => path.join(claudeDirectory(), 'agentScript.cjs');
/** A CLI ends with codes of its own: where a cell wants another, `claude` is a script. */
const role = (end: Ending): readonly string[] => (end === 'exit 3' ? ['sdk', '3'] : ['cli']);

/** A program on the PATH. @returns its path, or undefined. */
export function onPath(program: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(path.delimiter);
  return directories.map((directory) => path.join(directory, program)).find((file) => existsSync(file));
}

/** Types a line into a plain terminal of a shell, and notes its exit code. */
function inShell(shell: string, line: (cell: StartedCell, end: Ending) => string): Way['start'] {
  const status = shell === 'fish' ? '$status' : shell === 'pwsh' ? '$LASTEXITCODE' : '$?';
  return (cell, end) => {
    const options = { name: cell.name, cwd: scratch(), shellPath: onPath(shell) ?? shell };
    const terminal = vscode.window.createTerminal(options);
    terminal.sendText(`${line(cell, end)}; echo ${status} > '${cell.file('code')}'`);
    return Promise.resolve({ terminal, exitCode: async () => Number(await cell.written('code')) });
  };
}

/** Opens agent terminals one at a time, to know which is whose. */
let opening: Promise<unknown> = Promise.resolve();
function inAgentTerminal(open: () => Promise<unknown>): Way['start'] {
  return async (cell, end) => {
    const opened = opening.then(() => openAgentTerminal(open));
    opening = opened.catch(() => undefined);
    const terminal = await opened;
    terminal.sendText(`echo $$ > '${cell.file('shell')}'; claude ${cell.name} ${role(end).join(' ')}`);
    return {
      terminal,
      exitCode: () => until('it is closed', () => terminal.exitStatus, 60_000).then(({ code }) => code),
    };
  };
}

/** VS Code opens a plain shell until it has found the profiles of extensions; a user closes that one and tries again. */
async function openByProfile(): Promise<void> {
  const platform = process.platform === 'darwin' ? 'osx' : 'linux';
  const defaultProfile = `terminal.integrated.defaultProfile.${platform}`;
  await set(defaultProfile, 'Claude Agent');
  try {
    await until(
      'the profile opens a terminal of its own',
      async () => {
        const before = new Set(vscode.window.terminals);
        await vscode.commands.executeCommand('workbench.action.terminal.new');
        const opened = await until('a terminal is there', () =>
          vscode.window.terminals.find((one) => !before.has(one)),
        );
        if (opened.name.startsWith(agentTerminalPrefix)) return true;
        opened.dispose();
        return false;
      },
      60_000,
    );
  } finally {
    await set(defaultProfile, undefined);
  }
}

const taskAgent = 'task-of-matrix';

/** Writes the tasks into the workspace, as a user does, once for each agent. */
async function startTask(cell: StartedCell, end: Ending): Promise<Place> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const file = path.join(folder, '.vscode', 'tasks.json');
  const found = JSON.parse(readFileSync(file, 'utf8')) as { tasks: { label: string }[] };
  const args = [cell.name, ...role(end)];
  const task = {
    label: cell.name,
    type: 'claude-agent',
    agent: taskAgent,
    command: 'claude',
    args,
    problemMatcher: [],
  };
  writeFileSync(
    file,
    JSON.stringify({ ...found, tasks: [...found.tasks.filter(({ label }) => label !== cell.name), task] }),
  );
  const ready = await until(
    'the task is there',
    async () => (await vscode.tasks.fetchTasks({ type: 'claude-agent' })).find(({ name }) => name === cell.name),
    60_000,
  );
  const ended = new Promise<number | undefined>((resolve) => {
    const subscription = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.name !== cell.name) return;
      subscription.dispose();
      resolve(exitCode);
    });
  });
  await vscode.tasks.executeTask(ready);
  const terminal = await until(
    'its terminal is there',
    () => vscode.window.terminals.find(({ name }) => name.includes(cell.name)),
    60_000,
  );
  return { terminal, exitCode: () => ended };
}

interface ApiUser {
  start(agentId: string, command: readonly string[]): Promise<{ auth: AgentAuth; exited: Promise<number | undefined> }>;
}

async function startByApi(cell: StartedCell, end: Ending): Promise<Place> {
  const extension = vscode.extensions.getExtension<ApiUser>('agent-quota-tests.api-user');
  assert.ok(extension, 'the second extension is there');
  const user = await extension.activate();
  const { exited } = await user.start('by-api', [path.join(claudeDirectory(), 'claude'), cell.name, ...role(end)]);
  return { exitCode: () => exited };
}

const shellStays = ['Ctrl+C', 'SIGTERM of the agent', 'SIGKILL of the agent'] as const;
const agentTerminal = { agent: /^agent-\d+$/, process: 'terminal', stays: shellStays, without: {} } as const;
const launched = { process: 'launcher', stays: [], without: {} } as const;

const shim = (shell: string): Way => ({
  ...launched,
  name: `claude typed in ${shell}`,
  agent: /^claude$/,
  start: inShell(shell, ({ name }, end) => `claude ${name} ${role(end).join(' ')}`),
});

/** Shells of which those that are not installed have no row. */
const shells = ['bash', 'sh', 'zsh', 'fish', 'pwsh'];
export const missingShells: readonly string[] = shells.filter((shell) => onPath(shell) === undefined);

/** The rows of the table. */
export const waysOfStarting: readonly Way[] = [
  { ...agentTerminal, name: 'the terminal profile', start: inAgentTerminal(openByProfile) },
  {
    ...agentTerminal,
    name: 'the command New Agent Terminal',
    start: inAgentTerminal(async () => vscode.commands.executeCommand(commands.newAgentTerminal)),
  },
  {
    ...launched,
    name: 'a task',
    agent: new RegExp(`^${taskAgent}$`),
    without: { 'SIGKILL of the shell': 'the launcher is started without one' },
    start: startTask,
  },
  ...shells.filter((shell) => onPath(shell) !== undefined).map(shim),
  {
    ...launched,
    name: 'agent-quota run -- claude',
    agent: /^by-run$/,
    start: inShell(
      'bash',
      ({ name }, end) => `agent-quota run --agent by-run -- claude ${name} ${role(end).join(' ')}`,
    ),
  },
  {
    ...launched,
    name: 'agent-quota run -- node, with the Agent SDK',
    agent: /^node$/,
    start: inShell('bash', ({ name }, end) => {
      return `agent-quota run -- node '${script()}' ${name} agent-sdk ${end === 'exit 3' ? 3 : 0}`;
    }),
  },
  {
    name: 'claude --bg',
    agent: /^claude$/,
    process: 'agent',
    stays: ['SIGKILL of the shell', 'terminal closed'],
    without: {
      'exit 3': 'the CLI has a code of its own',
      'Ctrl+C': 'it has no terminal',
      'SIGKILL of the launcher': 'the launcher has become the agent',
    },
    start: inShell('bash', ({ name }) => `claude ${name} background`),
  },
  {
    name: 'a second extension by the API',
    agent: /^by-api$/,
    process: 'agent',
    stays: [],
    without: {
      'Ctrl+C': 'it has no terminal',
      'SIGKILL of the launcher': 'it has none',
      'SIGKILL of the shell': 'it has none',
      'terminal closed': 'it has none',
    },
    start: startByApi,
  },
];
