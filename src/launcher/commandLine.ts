import path from 'node:path';
import { parseArgs } from 'node:util';
import { agentIdSchema } from '../shared/launcherMessages.ts';

/** What the user wants of `agent-quota`. */
export type CommandLine =
  | {
      readonly kind: 'run';
      readonly agentId: string;
      /** 0: not at all; absent: without end. */
      readonly waitSeconds?: number;
      readonly command: string;
      readonly args: readonly string[];
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** `problem` says what is wrong and what to do. */
  | { readonly kind: 'misuse'; readonly problem: string };

const seeHelp = 'See agent-quota --help.';
const putDashes = 'Put -- before the command: agent-quota run -- claude';

/**
 * Reads the command line. What stands behind the first `--` is the agent's own and passed on as it is.
 * @param args without the program's own name.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const dashes = args.indexOf('--');
  const own = dashes === -1 ? args : args.slice(0, dashes);
  const [command, ...commandArgs] = dashes === -1 ? [] : args.slice(dashes + 1);
  const parsed = parseOwn(own);
  if (typeof parsed === 'string') return { kind: 'misuse', problem: parsed };
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [verb, extra] = positionals;
  if (verb === undefined) return misuse(`What shall it do? ${seeHelp}`);
  if (verb !== 'run') return misuse(`There is no "${verb}". ${seeHelp}`);
  if (extra !== undefined) return misuse(`"${extra}" is not understood. ${putDashes}`);
  if (command === undefined || command === '') return misuse(`The command to run is missing. ${putDashes}`);
  const agentId = values.agent ?? agentIdOf(command);
  const { error } = agentIdSchema.safeParse(agentId);
  if (error !== undefined) return misuse(`--agent ${agentId}: ${error.issues[0]?.message ?? 'not a name'}.`);
  const run = { kind: 'run', agentId, command, args: commandArgs } as const;
  if (values.wait === undefined) return run;
  const waitSeconds = /^\d+(\.\d+)?$/.test(values.wait) ? Number(values.wait) : NaN;
  if (!Number.isFinite(waitSeconds))
    return misuse(`--wait ${values.wait}: give a number of seconds, 0 for no waiting.`);
  return { ...run, waitSeconds };
}

function misuse(problem: string): CommandLine {
  return { kind: 'misuse', problem };
}

interface OwnArguments {
  readonly values: { help?: boolean; version?: boolean; agent?: string; wait?: string };
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
        agent: { type: 'string' },
        wait: { type: 'string' },
      },
    });
  } catch (error) {
    // Node's message goes on with advice on `--` that does not fit here.
    const first = error instanceof Error ? error.message.split(/\. |\n/)[0] : undefined;
    return `${first ?? 'The options are not understood'}. ${seeHelp}`;
  }
}

/** An agent without a name is called after its program. */
function agentIdOf(command: string): string {
  const program = path.win32.basename(command).replace(/\.(exe|cmd|bat|ps1)$/i, '');
  const agentId = program.replace(/[^A-Za-z0-9._:@-]+/g, '-').slice(0, 64);
  return agentId === '' ? 'agent' : agentId;
}
