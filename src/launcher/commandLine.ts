import path from 'node:path';
import { parseArgs } from 'node:util';
import { agentIdPattern, agentIdRule } from '../shared/agentName.ts';
import type { LedgerWish } from '../shared/ledgerWish.ts';
import { ledgerWishOf } from './ledgerOptions.ts';
import { optionsProblem } from './optionsProblem.ts';
import { type CommandName, commandNames, type QueryCommand } from './commandNames.ts';

/**
 * What has started the launcher, where that makes a difference. `shim`: the `claude` that Agent Quota puts on PATH.
 * `terminal`: an agent terminal, which closes when the launcher ends. `task`: a task. `background`: a background task, whose
 * problem matcher waits for a line. From options of these names, which are for the extension alone and in no help text.
 */
const starters = ['shim', 'terminal', 'task', 'background'] as const;
export type Starter = (typeof starters)[number];

/** What the user wants of `agent-quota`. */
export type CommandLine =
  | {
      readonly kind: 'run';
      readonly agentId: string;
      /** 0: not at all; absent: without end. */
      readonly waitSeconds?: number;
      readonly command: string;
      readonly args: readonly string[];
      /** Absent when the user or a script has. */
      readonly startedBy?: Starter;
    }
  | QueryWish
  /** Something of the ledger that machines share. */
  | { readonly kind: 'ledger'; readonly wish: LedgerWish; readonly json: boolean }
  /** `command` is absent for help on all of it. */
  | { readonly kind: 'help'; readonly command?: CommandName }
  | { readonly kind: 'version' }
  /** `problem` says what is wrong, `nextStep` what to do. */
  | { readonly kind: 'misuse'; readonly problem: string; readonly nextStep: string; readonly json: boolean };

/** A command that asks the engine something. */
export type QueryWish =
  | { readonly kind: 'query'; readonly command: Exclude<QueryCommand, 'release'>; readonly json: boolean }
  /** `id` is a session's id or the beginning of one, or an agent's name. */
  | { readonly kind: 'query'; readonly command: 'release'; readonly id: string; readonly json: boolean };

/** Options that ask for no work. */
const informing: ReadonlySet<string> = new Set(['--help', '-h', '--version', '-V']);

const seeHelp = 'See agent-quota --help.';
const putDashes = 'Put -- before the command: agent-quota run -- claude';

/**
 * Reads the command line. What stands behind the first `--` is the agent's own and passed on as it is.
 * @param args without the program's own name.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { own, behind } = split(args);
  const verb = own.findIndex((arg) => !arg.startsWith('-'));
  if (own[verb] === 'ledger' && !own.some((arg) => informing.has(arg))) {
    const wish = ledgerWishOf([...own.toSpliced(verb, 1), ...(behind ?? [])]);
    return wish.kind === 'misuse' ? { ...wish, json: own.includes('--json') } : wish;
  }
  const parsed = parseOwn(own);
  const json = own.includes('--json');
  const result = typeof parsed === 'string' ? misuse(parsed) : wishOf(parsed, behind);
  return result.kind === 'misuse' ? { ...result, json } : result;
}

type Wish = Exclude<CommandLine, { kind: 'misuse' }> | Misuse;
interface Misuse {
  readonly kind: 'misuse';
  readonly problem: string;
  readonly nextStep: string;
}

function misuse(problem: string, nextStep = seeHelp): Misuse {
  return { kind: 'misuse', problem, nextStep };
}

interface Split {
  readonly own: readonly string[];
  /** Undefined when there are no dashes. */
  readonly behind: readonly string[] | undefined;
}

function split(args: readonly string[]): Split {
  const dashes = args.indexOf('--');
  const own = dashes === -1 ? args : args.slice(0, dashes);
  const behind = dashes === -1 ? undefined : args.slice(dashes + 1);
  if (own[0] !== 'release') return { own, behind };
  // A session's id may begin with a dash, if an earlier version has made it.
  const isId = (arg: string): boolean => /^-[^-]/.test(arg) && arg !== '-h' && arg !== '-V';
  const ids = own.filter(isId);
  return ids.length === 0
    ? { own, behind }
    : { own: own.filter((arg) => !isId(arg)), behind: [...ids, ...(behind ?? [])] };
}

function wishOf({ values, positionals }: OwnArguments, behind: readonly string[] | undefined): Wish {
  const [verb, ...rest] = positionals;
  if (values.version) return { kind: 'version' };
  if (verb === 'help') return helpOn(rest[0]);
  const command = commandNames.find((name) => name === verb);
  if (values.help) return command === undefined ? { kind: 'help' } : { kind: 'help', command };
  if (verb === undefined) return misuse('What shall it do?');
  if (command === undefined)
    return misuse(`There is no "${verb}".`, `Commands are ${commandNames.join(', ')}. ${seeHelp}`);
  if (command === 'run') return runWish(values, rest[0], behind);
  for (const option of ['agent', 'wait'] as const) {
    if (values[option] !== undefined) return misuse(`${command} has no --${option}.`, seeHelpOn(command));
  }
  if (command === 'ledger') return misuse('Options of ledger stand behind it.', seeHelpOn(command));
  const words = [...rest, ...(behind ?? [])];
  const json = values.json === true;
  const [first, second] = words;
  if (command !== 'release') {
    return first === undefined
      ? { kind: 'query', command, json }
      : misuse(`"${first}" is not understood: ${command} takes no arguments.`, seeHelpOn(command));
  }
  if (first === undefined || first === '')
    return misuse(
      'Which session ends?',
      'Give the beginning of its id, or its agent’s name; agent-quota sessions lists them.',
    );
  if (second !== undefined) return misuse(`"${second}" is one too many: release ends one session.`, seeHelpOn(command));
  return { kind: 'query', command, id: first, json };
}

function helpOn(name: string | undefined): Wish {
  if (name === undefined) return { kind: 'help' };
  const command = commandNames.find((known) => known === name);
  return command === undefined ? misuse(`There is no "${name}".`) : { kind: 'help', command };
}

function seeHelpOn(command: CommandName): string {
  return `See agent-quota ${command} --help.`;
}

function runWish(
  values: OwnArguments['values'],
  extra: string | undefined,
  behind: readonly string[] | undefined,
): Wish {
  const [command, ...args] = behind ?? [];
  if (values.json === true) return misuse('run has no --json.', seeHelpOn('run'));
  if (extra !== undefined) return misuse(`"${extra}" is not understood.`, putDashes);
  if (command === undefined || command === '') return misuse('The command to run is missing.', putDashes);
  const agentId = values.agent ?? agentIdOf(command);
  if (!agentIdPattern.test(agentId)) return misuse(`--agent ${agentId}: ${agentIdRule}.`, '');
  const startedBy = starterOf(values);
  const run = { kind: 'run', agentId, command, args, ...(startedBy && { startedBy }) } as const;
  if (values.wait === undefined) return run;
  const waitSeconds = /^\d+(\.\d+)?$/.test(values.wait) ? Number(values.wait) : NaN;
  if (!Number.isFinite(waitSeconds))
    return misuse(`--wait ${values.wait} is no time.`, 'Give a number of seconds, 0 for no waiting.');
  return { ...run, waitSeconds };
}

function starterOf(values: OwnArguments['values']): Starter | undefined {
  return starters.find((starter) => values[starter] === true);
}

interface OwnArguments {
  readonly values: {
    help?: boolean;
    version?: boolean;
    agent?: string;
    wait?: string;
    json?: boolean;
    shim?: boolean;
    terminal?: boolean;
    task?: boolean;
    background?: boolean;
  };
  readonly positionals: string[];
}

function parseOwn(args: readonly string[]): OwnArguments | string {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
        json: { type: 'boolean' },
        agent: { type: 'string' },
        wait: { type: 'string' },
        shim: { type: 'boolean' },
        terminal: { type: 'boolean' },
        task: { type: 'boolean' },
        background: { type: 'boolean' },
      },
    });
  } catch (error) {
    return optionsProblem(error);
  }
}

/** An agent without a name is called after its program. */
function agentIdOf(command: string): string {
  const program = path.win32.basename(command).replace(/\.(exe|cmd|bat|ps1)$/i, '');
  const agentId = program.replace(/[^A-Za-z0-9._:@-]+/g, '-').slice(0, 64);
  return agentId === '' ? 'agent' : agentId;
}
