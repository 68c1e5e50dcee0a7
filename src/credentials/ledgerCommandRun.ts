import { type CommandOutcome, type CommandSurroundings, runSecretCommand } from './secretCommandRun.ts';

/**
 * Runs the user's command that prints the address of the shared ledger, with its password where it has one.
 * @param signal ends the command and all that it has started; the outcome is of no use then.
 * @returns never rejects. What was printed and is no address is in no message.
 */
export async function runLedgerCommand(
  line: string,
  surroundings: CommandSurroundings,
  signal: AbortSignal,
): Promise<CommandOutcome> {
  const outcome = await runSecretCommand(line, surroundings, [], signal);
  if (outcome.kind === 'failed' || /^postgres(ql)?:\/\/\S*$/i.test(outcome.text)) return outcome;
  return {
    kind: 'failed',
    why: 'printed what is no address: it must print postgres://user:password@host/database alone',
  };
}
