import { whyNoApiKey } from '../core/apiKey.ts';
import { type CommandSurroundings, runSecretCommand } from './secretCommandRun.ts';

/** What a command gave: the key, or why there is none, to follow "The command". Holds nothing of its stdout then. */
export type KeyCommandOutcome =
  { readonly kind: 'key'; readonly key: string } | { readonly kind: 'failed'; readonly why: string };

/**
 * Runs a command line in the user's shell and takes what it prints for a key, as Claude Code does with its setting
 * `apiKeyHelper`. Source: Claude Code documentation, "Settings" › `apiKeyHelper` (run in /bin/sh).
 * @param secrets what an error must not repeat, beside everything that is like a key.
 * @param signal ends the command and all that it has started; the outcome is of no use then.
 * @returns never rejects.
 */
export async function runKeyCommand(
  line: string,
  surroundings: CommandSurroundings,
  secrets: readonly string[],
  signal: AbortSignal,
): Promise<KeyCommandOutcome> {
  const outcome = await runSecretCommand(line, surroundings, secrets, signal);
  if (outcome.kind === 'failed') return outcome;
  const why = whyNoApiKey(outcome.text);
  return why === undefined
    ? { kind: 'key', key: outcome.text }
    : { kind: 'failed', why: `printed what is no key: it ${why}` };
}
