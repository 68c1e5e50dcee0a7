import path from 'node:path';

/** A call of Claude Code, as far as it matters to whoever adds settings to it. */
export interface ClaudeCall {
  /** Answers once and ends: nothing is drawn on the terminal. */
  readonly prints: boolean;
  /** The user's own `--settings`: the last one, which is the one that counts (Claude Code 2.1.330). */
  readonly settings?: { readonly index: number; readonly joined: boolean; readonly value: string };
}

/**
 * Options that take the next argument whatever it is, so that it is neither an option nor a subcommand. One that is
 * missing here costs nothing but a turn that is not held. Source: `claude --help`, 2.1.330.
 */
const valueOptions: ReadonlySet<string> = new Set(
  (
    '--agent --agents --append-system-prompt --append-system-prompt-file --autocompact --debug-file --effort ' +
    '--fallback-model --input-format --json-schema --max-budget-usd --max-turns --model -n --name --output-format ' +
    '--permission-mode --permission-prompt-tool --plugin-dir --session-id --setting-sources --system-prompt ' +
    '--system-prompt-file'
  ).split(' '),
);

/** They end before there is a turn, or hand it to a process that outlives this one and what it is told by. */
const leavingOptions: ReadonlySet<string> = new Set(
  '-h --help -v --version --bg --background --cloud --desktop --environment --bare --safe-mode'.split(' '),
);

/** They manage things and hold no conversation here. Source: `claude --help`, 2.1.330. */
const subcommands: ReadonlySet<string> = new Set(
  (
    'agents attach auth auto-mode config daemon doctor gateway import install logs mcp migrate-installer plugin ' +
    'plugins project purge remote-control rc respawn rm server setup-token stop kill ultrareview update upgrade'
  ).split(' '),
);

/** Whether a program is Claude Code, by its name or by the script that a runtime of JavaScript is given. */
export function isClaudeCode(command: string, args: readonly string[]): boolean {
  const name = programName(command);
  if (name === 'claude') return true;
  return (name === 'node' || name === 'bun') && isClaudeScript(args[0] ?? '');
}

/** npm's package runs as a script where it has no binary. */
function isClaudeScript(script: string): boolean {
  const normal = script.replaceAll('\\', '/').toLowerCase();
  return normal.includes('/@anthropic-ai/claude-code/') && /\/cli(-wrapper)?\.[cm]?js$/.test(normal);
}

function programName(command: string): string {
  return path.win32
    .basename(command)
    .toLowerCase()
    .replace(/\.(exe|cmd|ps1|bat)$/, '');
}

/** How many of a command's arguments come before Claude Code's own. */
export function ownArgumentsBegin(command: string): 0 | 1 {
  return programName(command) === 'claude' ? 0 : 1;
}

/**
 * Reads Claude Code's arguments.
 * @returns undefined for a call in which no turn can be held.
 */
export function readClaudeCall(args: readonly string[]): ClaudeCall | undefined {
  let prints = false;
  let settings: ClaudeCall['settings'];
  let isFirstOperand = true;
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (argument === '--') break;
    if (!argument.startsWith('-')) {
      if (isFirstOperand && subcommands.has(argument)) return undefined;
      isFirstOperand = false;
    } else if (argument === '--settings') {
      const value = args[index + 1];
      // Claude Code says itself what is missing.
      if (value === undefined) return undefined;
      settings = { index, joined: false, value };
      index += 1;
    } else if (argument.startsWith('--settings=')) {
      settings = { index, joined: true, value: argument.slice('--settings='.length) };
    } else if (leavingOptions.has(argument)) {
      return undefined;
    } else if (argument === '-p' || argument === '--print') {
      prints = true;
    } else if (valueOptions.has(argument)) {
      index += 1;
    } else {
      // Options with any number of values, such as `--allowedTools`, make of the next argument none that stands alone.
      isFirstOperand &&= !variadicOptions.has(argument);
    }
  }
  return { prints, ...(settings !== undefined && { settings }) };
}

const variadicOptions: ReadonlySet<string> = new Set(
  '--add-dir --allowedTools --allowed-tools --betas --disallowedTools --disallowed-tools --file --mcp-config --tools'.split(
    ' ',
  ),
);

/** The arguments with our settings: in the place of the user's, or before all others. */
export function withSettings(args: readonly string[], { settings }: ClaudeCall, ours: string): string[] {
  if (settings === undefined) return ['--settings', ours, ...args];
  const { index, joined } = settings;
  return args.with(joined ? index : index + 1, joined ? `--settings=${ours}` : ours);
}

/** The views and commands of Claude Code that start background sessions of others. */
const startingOptions: ReadonlySet<string> = new Set(['--bg', '--background']);
const startingView = 'agents';

/**
 * Whether a call of Claude Code starts background sessions: one, or some as long as it runs.
 * @param args Claude Code's own.
 */
export function startsBackground(args: readonly string[]): 'one' | 'some' | undefined {
  const dashes = args.indexOf('--');
  const own = dashes === -1 ? args : args.slice(0, dashes);
  if (own.some((arg) => startingOptions.has(arg))) return 'one';
  return own[0] === startingView ? 'some' : undefined;
}
